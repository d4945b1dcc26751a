export {
  accountExists,
  challenge,
  DigestAlgorithm,
  digestAlgorithms,
  KeyRing,
  flowKeysBucket,
  nonceKeysBucket,
  Subscriber,
  subscribersBucket,
  TenantRecord,
  tenantsBucket,
  verify,
  VerifyRequest,
  VerifyResponse,
} from './auth.ts';
export { buckets } from './buckets.ts';
export { CloudEvent, parseEvent } from './cloud-event.ts';
export {
  type BucketType,
  defineBucket,
  defineEvent,
  defineRequest,
  defineStream,
  type EventType,
  parseContract,
  type RequestType,
  type StreamType,
  type Tokens,
  type TokenValues,
} from './define.ts';
export {
  acknowledgePlacement,
  cancelPlacement,
  findLeg,
  keepAlive,
  keepAliveByAny,
  PassedRequest,
  passRequest,
  PlacedRequest,
  PlacementEvent,
  PlacementId,
  placeRequest,
  tellPlacement,
  watchPlacements,
  bringResponse,
  yieldCall,
} from './edge.ts';
export { ContractError, SubjectError } from './errors.ts';
export { controlFaults, Fault, FaultPoint, SetFault } from './faults.ts';
export { instancesBucket, Lease, LEASE_RENEW_SEC, LEASE_SEC } from './instance.ts';
export {
  decodeNonce,
  NONCE_BYTES,
  NONCE_ISSUER_AT,
  NONCE_MAC_AT,
  NONCE_RANDOM_AT,
  NONCE_TIME_AT,
  NONCE_VERSION,
  nonceIssuer,
} from './nonce.ts';
export {
  Aor,
  CallId,
  callIdOf,
  defaultTenant,
  Epoch,
  EpochMs,
  FlowToken,
  InstanceId,
  LegId,
  MAX_USER_BYTES,
  Sequence,
  Tenant,
  User,
} from './primitives.ts';
export {
  Binding,
  bindingAdded,
  bindingRefreshed,
  BindingRemoved,
  bindingRemoved,
  BindingUpdated,
  ContactRequest,
  GoneBinding,
  GrantedContact,
  listRegistrations,
  locationBucket,
  LocationRecord,
  MAX_CONTACT_BYTES,
  register,
  RegisterRequest,
  RegisterResponse,
  RemovalReason,
  removeRegistration,
} from './registration.ts';
export {
  authProfile,
  callRoutingProfile,
  consoleProfile,
  type Consumption,
  DEFAULT_ANSWER_SEC,
  edgeProfile,
  mediaControlProfile,
  registrarProfile,
  type ServiceProfile,
  serviceProfiles,
} from './services.ts';
export { callsStream, cdrsStream, mediaStream, registrationsStream, streams } from './streams.ts';
export { MAX_SUBJECT_BYTES, MAX_TOKEN_BYTES, subjectToken } from './subject-token.ts';

export {
  callAnswered,
  CallCause,
  callEnded,
  callEvents,
  callFailed,
  callHeld,
  callInitiated,
  CallRecord,
  callResumed,
  callRinging,
  callRouted,
  callsBucket,
  CallSide,
  CallState,
  callTransferred,
  LegRecord,
  TimedSession,
} from './call.ts';
export {
  answerMedia,
  compareLives,
  deleteMedia,
  listMediaNodes,
  MAX_SDP_BYTES,
  mediaLifeOf,
  MediaFamily,
  MediaNetwork,
  DIRECT_MEDIA,
  mediaNodeDown,
  MediaNodeId,
  mediaNodeUp,
  MediaProfile,
  MediaStatistics,
  offerMedia,
  queryMedia,
  RelayedMedia,
  Sdp,
} from './media.ts';
export { CallDetail, CallLeg, Forwarding, ForwardReason } from './call-detail.ts';
export { callRecorded, Cdr } from './cdr.ts';
export { type DtlsHash, dtlsHashOf, mediaIdAfter } from './media-id.ts';
export { Application, ApplicationAction, CallSource, routeCall, RouteTarget } from './routing.ts';
export { Trunk, TrunkId, TrunkNetwork, trunksBucket } from './trunk.ts';
export { Forwards, RingSec, UserSettings, userSettingsBucket } from './user-settings.ts';
