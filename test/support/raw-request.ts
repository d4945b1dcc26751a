import { randomUUID } from 'node:crypto';

export interface RawRequest {
  readonly method: string;
  readonly uri: string;
  /** Our address, `host:port`. */
  readonly from: string;
  /** User of the address-of-record, as it goes on the wire. */
  readonly user?: string;
  readonly callId?: string;
  /** Replaces or (with null) leaves out header lines. */
  readonly headers?: Readonly<Record<string, string | null>>;
}

/** A request as text, sound unless told otherwise. */
export function rawRequest({
  method,
  uri,
  from,
  user = 'probe',
  callId = randomUUID(),
  headers = {},
}: RawRequest): string {
  const usual: Record<string, string | null> = {
    Via: `SIP/2.0/UDP ${from};branch=z9hG4bK${randomUUID()};rport`,
    'Max-Forwards': '70',
    From: `<sip:probe@${from}>;tag=1`,
    To: `<sip:${user}@example.org>`,
    'Call-ID': callId,
    CSeq: `1 ${method}`,
    Contact: `<sip:probe@${from}>`,
    'Content-Length': '0',
  };
  const lines = Object.entries({ ...usual, ...headers }).flatMap(([name, value]) =>
    value === null ? [] : [`${name}: ${value}`],
  );
  return [`${method} ${uri} SIP/2.0`, ...lines, '', ''].join('\r\n');
}
