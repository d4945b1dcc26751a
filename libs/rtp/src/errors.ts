/** Bytes that are no RTP packet; never their content, only the rule they break. */
export class RtpSyntaxError extends Error {
  readonly code = 'RTP_SYNTAX';

  constructor(rule: string) {
    super(`no RTP packet: ${rule}`);
    this.name = 'RtpSyntaxError';
  }
}

/** A file that is no WAV file, or one of a kind that is not played here. */
export class WavError extends Error {
  readonly code: 'WAV_SYNTAX' | 'WAV_UNSUPPORTED';

  constructor(code: WavError['code'], problem: string) {
    super(`WAV file: ${problem}`);
    this.name = 'WavError';
    this.code = code;
  }
}
