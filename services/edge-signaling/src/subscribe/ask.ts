import { type HeaderValues, type IncomingRequest, type IncomingResponse, type OutgoingRequest } from '@callweave/srf';
import { cseqOf } from '../leg/dialog.ts';
import { type SendRequest } from '../leg/leg.ts';
import { passedHeaders } from './pass.ts';

/** Whom to ask, in which dialog, and where we can be reached. */
export interface Asked extends Pick<OutgoingRequest, 'uri' | 'nextHop'> {
  readonly headers: HeaderValues;
  /** User part of our Contact. */
  readonly contact: string;
}

/**
 * Passes a request on and waits for its final response; undefined when it could not be sent. Its number goes through as
 * it is, so that nobody has to count.
 */
export function ask(
  send: SendRequest,
  request: IncomingRequest,
  { uri, nextHop, headers, contact }: Asked,
): Promise<IncomingResponse | undefined> {
  const { method, body } = request;
  const cseq = `${String(cseqOf(request))} ${method}`;
  const all = { ...passedHeaders(request), ...headers, CSeq: cseq, Contact: contactOf(contact) };
  return new Promise((resolve) => {
    send(
      { method, uri, nextHop, headers: all, body },
      {
        responded: (response) => {
          if (response.status >= 200) resolve(response);
        },
        failed: () => resolve(undefined),
      },
    );
  });
}

/** Our Contact, which leads back to us; the engine fills in where it is. */
export function contactOf(user: string): string {
  return `<sip:${user}@localhost>`;
}
