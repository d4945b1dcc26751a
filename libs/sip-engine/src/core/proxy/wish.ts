import { type Headers, type SipResponse } from '@callweave/sip';
import { type Inbound } from '../../transport/transport.ts';

/** How an application wants a request proxied. */
export interface ProxyWish {
  /** The request, as the application was told. */
  readonly txn: string;
  /** Whether to stay in the path of what follows: Record-Route, or Path for a REGISTER. */
  readonly staysInPath: boolean;
  /** Whether to tell the application of every final response. */
  readonly tellsResponses: boolean;
  /** Whether the Contacts of a redirection become targets. */
  readonly followsRedirects: boolean;
  /** All targets at once, or one after the other. */
  readonly isSimultaneous: boolean;
  /** How long a target may say nothing at all; undefined for as long as the transaction lasts. */
  readonly provisionalMs: number | undefined;
  /** How long a target may take for its final response; undefined for as long as it likes. */
  readonly finalMs: number | undefined;
  /** URIs, in the order in which they are to be tried. */
  readonly targets: readonly string[];
  /** Headers for the forwarded request; they replace those of the same name. */
  readonly headers: Headers;
}

/** Who is told what became of a proxied request. */
export interface ProxyReport {
  /** A target gave a final response. */
  response(inbound: Inbound<SipResponse>): void;
  /** Nothing more will come. */
  done(): void;
}

/** Reads a time such as `2s` or `1500ms`; undefined for anything else. */
export function parseDelayMs(text: string): number | undefined {
  const [, number, unit] = /^(\d{1,6})(ms|s)$/.exec(text) ?? [];
  if (number === undefined) return undefined;
  return Number(number) * (unit === 's' ? 1_000 : 1);
}
