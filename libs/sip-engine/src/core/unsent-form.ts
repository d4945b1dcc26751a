/** Whether an application wrote its To without brackets, or left it to us. */
export function hasNoBrackets(to: string | undefined): boolean {
  return to?.includes('<') !== true;
}

/** A message whose To has brackets only where it needs them, RFC 3261 §20: what is in them has no `,`, `;` or `?`. */
export function withBareTo(message: Buffer): Buffer {
  return Buffer.from(message.toString('latin1').replace(/^(To: )<([^<>,;?\r]*)>/m, '$1$2'), 'latin1');
}
