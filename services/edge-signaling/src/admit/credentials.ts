import { type DigestCredentials, parseDigestCredentials, SipSyntaxError } from '@callweave/sip';

/**
 * The credentials for `realm` among those a request carries, or undefined when it carries none. Several Authorization
 * lines reach us joined by commas; a value nobody can read is returned as it is, so that it is refused, not ignored.
 */
export function pickCredentials(header: string | undefined, realm: string): string | undefined {
  if (header === undefined) return undefined;
  const readable = separate(header).filter((value) => realmOf(value) !== undefined);
  if (readable.length === 0) return header;
  return readable.find((value) => realmOf(value) === realm);
}

/** Who the credentials of a request say it comes from; undefined when it carries none that can be read. */
export function claimedUser(header: string | undefined): string | undefined {
  return separate(header ?? '')
    .map((value) => credentialsOf(value))
    .find((credentials) => credentials !== undefined)?.username;
}

function separate(header: string): string[] {
  return header.split(/,\s*(?=Digest\s)/i);
}

function realmOf(value: string): string | undefined {
  return credentialsOf(value)?.realm;
}

function credentialsOf(value: string): DigestCredentials | undefined {
  try {
    return parseDigestCredentials(value);
  } catch (error) {
    if (error instanceof SipSyntaxError) return undefined;
    throw error;
  }
}
