/** Base of what the ng client throws; match on `code`. */
export abstract class NgError extends Error {
  abstract readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The grammar of bencode was broken at offset `at`. */
export class BencodeError extends NgError {
  readonly code = 'BENCODE';
  readonly rule: string;
  readonly at: number;

  constructor(rule: string, at: number) {
    super(`${rule} at offset ${at}`);
    this.rule = rule;
    this.at = at;
  }
}

/** Base of the errors that say that the node cannot be talked to now; another node may be. */
export abstract class NgSilentError extends NgError {
  readonly address: string;

  constructor(address: string, message: string, options?: ErrorOptions) {
    super(`${address}: ${message}`, options);
    this.address = address;
  }
}

/** Nobody answered in time. The command may have been carried out all the same. */
export class NgTimeoutError extends NgSilentError {
  readonly code = 'NG_TIMEOUT';
  readonly command: string;
  readonly timeoutMs: number;

  constructor(address: string, command: string, timeoutMs: number) {
    super(address, `${command} not answered in ${timeoutMs} ms`);
    this.command = command;
    this.timeoutMs = timeoutMs;
  }
}

/** The host says that nobody listens there, its name does not resolve, or the client was closed. */
export class NgUnreachableError extends NgSilentError {
  readonly code = 'NG_UNREACHABLE';

  constructor(address: string, options?: ErrorOptions) {
    super(address, 'unreachable', options);
  }
}

/** So many commands wait for this node that one more would only make it worse. */
export class NgBusyError extends NgSilentError {
  readonly code = 'NG_BUSY';

  constructor(address: string, inFlight: number) {
    super(address, `${inFlight} commands in flight`);
  }
}

/** A command does not fit into one datagram. */
export class NgTooLargeError extends NgError {
  readonly code = 'NG_TOO_LARGE';
  readonly bytes: number;

  constructor(bytes: number) {
    super(`a command of ${bytes} bytes does not fit into a datagram`);
    this.bytes = bytes;
  }
}

/** The node answered with something that is not an answer. */
export class NgProtocolError extends NgError {
  readonly code = 'NG_PROTOCOL';
}

/** Whose fault a refusal is: the session description's, the node's (full), or the node does not know the call. */
export type RefusalKind = 'sdp' | 'full' | 'unknown-call' | 'other';

/** The node understood the command and said no. */
export class NgRefusedError extends NgError {
  readonly code = 'NG_REFUSED';
  readonly command: string;
  /** The node's own words (`error-reason`). */
  readonly reason: string;
  readonly kind: RefusalKind;

  constructor(command: string, reason: string) {
    super(`${command} refused: ${reason}`);
    this.command = command;
    this.reason = reason;
    this.kind = refusals.find(([pattern]) => pattern.test(reason))?.[1] ?? 'other';
  }
}

/** `error-reason` is prose; these are the words rtpengine 9 to 13 use. */
const refusals: readonly (readonly [RegExp, RefusalKind])[] = [
  [/\bSDP\b|payload type/i, 'sdp'],
  [/unknown call-id/i, 'unknown-call'],
  [/out of ports|limit (?:reached|exceeded)|load limit/i, 'full'],
];
