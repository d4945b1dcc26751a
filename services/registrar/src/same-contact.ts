import { parseUri, SipError, uriEquals } from '@callweave/sip';

/** What identifies a contact among those of an address-of-record. */
export interface ContactIdentity {
  readonly contact: string;
  readonly instanceId?: string | undefined;
  readonly regId?: number | undefined;
}

/** The same device flow (RFC 5626 §6: instance and reg-id) or an equal URI (RFC 3261 §19.1.4). */
export function isSameContact(a: ContactIdentity, b: ContactIdentity): boolean {
  if (a.instanceId !== undefined && a.regId !== undefined && b.instanceId !== undefined && b.regId !== undefined) {
    return a.instanceId === b.instanceId && a.regId === b.regId;
  }
  return a.contact === b.contact || isSameUri(a.contact, b.contact);
}

function isSameUri(a: string, b: string): boolean {
  try {
    return uriEquals(parseUri(a), parseUri(b));
  } catch (error) {
    if (error instanceof SipError) return false;
    throw error;
  }
}
