export { type MediaCall, type MediaDialer, type MediaInvite } from './dialer.ts';
export { MediaEndpoint } from './endpoint.ts';
export {
  EndpointRefusedError,
  MediaServerUnavailableError,
  SoundNotFoundError,
  type UnavailableReason,
} from './errors.ts';
export { MediaServer, type MediaServerDeps, type MediaServerOptions } from './media-server.ts';
export { type EventSocketAddress } from './probe.ts';
export { type Timers } from './timers.ts';
