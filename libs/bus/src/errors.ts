/** Base of what the bus throws; match on `code`. */
export abstract class BusError extends Error {
  abstract readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** There is no connection, or JetStream has no leader now: worth another try later. */
export class BusUnavailableError extends BusError {
  readonly code = 'BUS_UNAVAILABLE';
}

/** Nobody answered a request before its deadline. */
export class NoAnswerError extends BusError {
  readonly code = 'NO_ANSWER';
  readonly subject: string;
  /** Instances that were asked by name. */
  readonly asked: readonly string[];

  constructor(subject: string, asked: readonly string[]) {
    super(`${subject}: nobody answered (asked by name: ${asked.join(', ') || 'none'})`);
    this.subject = subject;
    this.asked = asked;
  }
}

/** The answering service refused or failed. */
export class RequestFailedError extends BusError {
  readonly code = 'REQUEST_FAILED';
  readonly subject: string;
  /** The service's error code: 400 broken contract, 500 failure, 503 overloaded. */
  readonly status: number;
  /** What the service said, for people and logs. */
  readonly description: string;

  constructor(subject: string, status: number, description: string) {
    super(`${subject}: ${String(status)} ${description}`);
    this.subject = subject;
    this.status = status;
    this.description = description;
  }
}

/** Another writer kept winning a compare-and-set. */
export class ConflictError extends BusError {
  readonly code = 'CONFLICT';
}

/** The journal cannot take a line, for example because the disk is full. */
export class JournalError extends BusError {
  readonly code = 'JOURNAL';
}
