export { Bucket, type Change, type Entry, type ModifyOptions } from './bucket.ts';
export { Bus, type BusOptions } from './bus.ts';
export { type Connection, type ConnectionSettings, inboxPrefix, openConnection } from './connection.ts';
export { done, type Handler, handler, type Outcome, reject, retry, type Told } from './consumer.ts';
export {
  BusError,
  BusUnavailableError,
  ConflictError,
  JournalError,
  NoAnswerError,
  RequestFailedError,
} from './errors.ts';
export { Faults } from './faults/faults.ts';
export { type FactHandler, Follower, type FollowOptions, onFact, type Placed } from './follower.ts';
export { busMetrics } from './metrics.ts';
export { type NatsPermissions, natsPermissions } from './permissions.ts';
export { isLockHeld, type ProcessLock, takeLock } from './process-lock.ts';
export { provision, type ProvisionOptions } from './provision.ts';
export { type Fact, Publisher } from './publisher.ts';
export { rendezvousOrder } from './rendezvous.ts';
export { type AskOptions } from './requester.ts';
export { type Answer, answer, type AskedContext, MAX_IN_FLIGHT } from './responder.ts';
export { natsServerConfig, operatorUser, type ServerConfigInput } from './server-config.ts';
export { type KeptFact, type KeptFactsOptions, type StoredFactsOptions } from './stored-facts.ts';
export { type WatchHandler } from './watch.ts';
