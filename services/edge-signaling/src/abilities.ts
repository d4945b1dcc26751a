/** Methods we take inside and outside of calls, and extensions we know, as peers are told. RFC 3261 §20.5, §20.37. */
export const abilities = {
  Allow: 'ACK, BYE, CANCEL, INFO, INVITE, MESSAGE, NOTIFY, OPTIONS, PRACK, REFER, REGISTER, SUBSCRIBE, UPDATE',
  Supported: 'norefersub, replaces',
} as const;
