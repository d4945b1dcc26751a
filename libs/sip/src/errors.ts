/** Base of every error the SIP stack throws on purpose. Match on `code`, never on `message`. */
export abstract class SipError extends Error {
  abstract readonly code: string;
  /** What a UAS answers when nobody closer to the cause does. */
  abstract readonly status: number;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The grammar was broken at offset `at`. Carries no wire text: it may hold credentials. */
export class SipSyntaxError extends SipError {
  readonly code = 'SIP_SYNTAX';
  readonly status = 400;
  readonly rule: string;
  readonly at: number;

  constructor(rule: string, at: number) {
    super(`${rule} at offset ${at}`);
    this.rule = rule;
    this.at = at;
  }
}

/** A message is larger than we are ready to hold; `limit` names which bound it broke. */
export class SipLimitError extends SipError {
  readonly code = 'SIP_LIMIT';
  readonly status = 513;
  readonly limit: string;
  readonly max: number;

  constructor(limit: string, max: number) {
    super(`${limit} above ${max}`);
    this.limit = limit;
    this.max = max;
  }
}
