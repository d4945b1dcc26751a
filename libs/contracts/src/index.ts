export {
  challenge,
  DigestAlgorithm,
  digestAlgorithms,
  KeyRing,
  keysBucket,
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
export { ContractError, SubjectError } from './errors.ts';
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
  lookup,
  MAX_CONTACT_BYTES,
  register,
  RegisterRequest,
  RegisterResponse,
  RemovalReason,
  removeRegistration,
} from './registration.ts';
export {
  authProfile,
  type Consumption,
  edgeProfile,
  registrarProfile,
  type ServiceProfile,
  serviceProfiles,
} from './services.ts';
export { registrationsStream, streams } from './streams.ts';
export { MAX_SUBJECT_BYTES, MAX_TOKEN_BYTES, subjectToken } from './subject-token.ts';
