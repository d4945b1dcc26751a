/** The engine did not take a response: the transaction is over, its transport is gone, or the engine itself is. */
export class ResponseNotSentError extends Error {
  readonly code = 'RESPONSE_NOT_SENT';
  readonly status: number;

  constructor(status: number, options?: ErrorOptions) {
    super(`response ${String(status)} was not sent`, options);
    this.name = 'ResponseNotSentError';
    this.status = status;
  }
}

/** The engine that was to send a request is gone, and may not have sent it. */
export class EngineGoneError extends Error {
  readonly code = 'ENGINE_GONE';

  constructor() {
    super('the SIP engine is gone');
    this.name = 'EngineGoneError';
  }
}
