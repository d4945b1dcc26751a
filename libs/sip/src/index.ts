export { copyText, isTokenText } from './chars.ts';
export {
  answerChallenge,
  type AnswerFields,
  type ChallengeFields,
  computeHa1,
  computeResponse,
  computeSessionHa1,
  type DigestAlgorithm,
  digestAlgorithms,
  type DigestChallenge,
  type DigestCredentials,
  parseDigestChallenge,
  parseDigestCredentials,
  type ResponseFields,
  serializeChallenge,
  serializeCredentials,
  verifyDigest,
} from './digest.ts';
export { SipError, SipLimitError, SipSyntaxError } from './errors.ts';
export { compactName, headerKey, headerName, Headers } from './headers.ts';
export { bracket, formatHostPort, type HostPort, parseHostPort, unbracket } from './host-port.ts';
export { cryptoIds, type IdSource } from './ids.ts';
export {
  type CSeq,
  decodeUtf8,
  encodeUtf8,
  type MessageParts,
  type Origin,
  parseCSeq,
  type SipMessage,
  SipRequest,
  SipResponse,
} from './message.ts';
export {
  contactExpiresSec,
  type ContactList,
  contactQ,
  formatNameAddr,
  type NameAddr,
  parseContactList,
  parseNameAddr,
  parseNameAddrList,
  withParam,
} from './name-addr.ts';
export { formatParams, noParams, type Params, parseParams, quote, unquote } from './params.ts';
export {
  type Head,
  MAX_BODY_BYTES,
  MAX_HEAD_BYTES,
  MAX_HEADER_LINES,
  parseHead,
  parseMessage,
} from './parse-message.ts';
export { rankOf } from './response-rank.ts';
export {
  MIN_SESSION_SEC,
  parseSessionExpires,
  patienceSec,
  type Refresher,
  type SessionExpires,
} from './session-expires.ts';
export { responseTo, serializeMessage, serializeParts, startLine } from './serialize.ts';
export { reasonPhrase } from './status.ts';
export { StreamFramer, type StreamUnit } from './stream-framer.ts';
export {
  decodeUser,
  encodeUser,
  formatUri,
  isSipScheme,
  type OtherUri,
  parseUri,
  type SipUri,
  type TelUri,
  type Uri,
  uriEquals,
} from './uri.ts';
export { firstViaEnd, formatVia, MAGIC_COOKIE, parseVia, parseViaList, type Via } from './via.ts';
