/** A session description that cannot be used; `status` is the SIP answer it deserves. */
export class SdpError extends Error {
  readonly code: 'SDP_SYNTAX' | 'SDP_NOTHING_IN_COMMON' | 'SDP_NO_ADDRESS';
  /** 400 Bad Request or 488 Not Acceptable Here, RFC 3261 §21.4. */
  readonly status: 400 | 488;

  constructor(code: SdpError['code'], problem: string) {
    super(`session description: ${problem}`);
    this.name = 'SdpError';
    this.code = code;
    this.status = code === 'SDP_SYNTAX' ? 400 : 488;
  }
}
