/** Why a media server cannot be used. */
export type UnavailableReason =
  'unreachable' | 'not-admitted' | 'wrong-password' | 'no-profile' | 'silent' | 'disconnected';

/** There is no media server to work with; SIP callers deserve a 503. */
export class MediaServerUnavailableError extends Error {
  readonly code = 'MEDIA_SERVER_UNAVAILABLE';
  readonly status = 503;
  readonly reason: UnavailableReason;

  constructor(reason: UnavailableReason, options?: ErrorOptions) {
    super(`media server ${reason}`, options);
    this.name = 'MediaServerUnavailableError';
    this.reason = reason;
  }
}

/** The media server did not take the call; `status` is the SIP answer the caller deserves. */
export class EndpointRefusedError extends Error {
  readonly code = 'ENDPOINT_REFUSED';
  readonly status: number;

  constructor(status: number, options?: ErrorOptions) {
    super(`the media server answered ${String(status)}`, options);
    this.name = 'EndpointRefusedError';
    this.status = status;
  }
}

/** There is no such sound on the media server. */
export class SoundNotFoundError extends Error {
  readonly code = 'SOUND_NOT_FOUND';
  readonly sound: string;

  constructor(sound: string, options?: ErrorOptions) {
    super(`no sound ${sound}`, options);
    this.name = 'SoundNotFoundError';
    this.sound = sound;
  }
}
