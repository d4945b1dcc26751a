export {
  type EngineContact,
  type EngineInfo,
  EngineLink,
  type EngineOptions,
  parseEngineInfo,
  type RequestHandler,
} from './engine-link.ts';
export { EngineGoneError, ResponseNotSentError } from './errors.ts';
export { type HeaderValues, type IncomingRequest, type ReadableMessage, type Reply } from './incoming-request.ts';
export { leftInvite, type LeftInvite, sentInvite } from './on-behalf.ts';
export {
  type IncomingResponse,
  type OutgoingEvents,
  type OutgoingRequest,
  type SentRequest,
} from './outgoing-request.ts';
export { type Outliving } from './outliving.ts';
export { answerInSpan, type RequestTrace, SIP_TRACE_HEADER } from './traced-request.ts';
