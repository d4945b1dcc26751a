import {
  type HeaderValues,
  type IncomingRequest,
  type OutgoingEvents,
  type OutgoingRequest,
  type Reply,
  type RequestHandler,
} from '@callweave/srf';
import { type DialogLink } from '../src/sip/dialogs.ts';

/** A connection to a SIP engine that exists in the test alone. */
export class FakeLink implements DialogLink {
  readonly sent: { readonly request: OutgoingRequest; readonly events: OutgoingEvents }[] = [];
  #inDialog: RequestHandler = () => Promise.resolve();

  onInDialog(handler: RequestHandler): void {
    this.#inDialog = handler;
  }

  send(request: OutgoingRequest, events: OutgoingEvents): { cancel(headers?: HeaderValues): void } {
    this.sent.push({ request, events });
    return { cancel: () => undefined };
  }

  /** Lets the peer send a request within a dialog; gives what it was answered. */
  async receive(fields: RequestFields): Promise<readonly Reply[]> {
    const { request, replies } = fakeRequest(fields);
    await this.#inDialog(request);
    return replies;
  }

  /** What was sent, as `METHOD dialog`. */
  get lines(): string[] {
    return this.sent.map(({ request: { method, dialogId = '-' } }) => `${method} ${dialogId}`);
  }
}

/** What a request of the peer differs in from the usual one. */
export interface RequestFields {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  readonly isFromEngine?: boolean;
}

/** A request as the SIP engine hands it over, and what it is answered. */
export function fakeRequest({ method = 'INVITE', headers = {}, body, isFromEngine = false }: RequestFields): {
  readonly request: IncomingRequest;
  readonly replies: Reply[];
  readonly cancel: () => void;
} {
  const replies: Reply[] = [];
  const listeners: (() => void)[] = [];
  const all: Readonly<Record<string, string>> = {
    'call-id': 'c1',
    from: '<sip:caller@example.com>;tag=f1',
    to: '<sip:echo@example.com>',
    ...headers,
  };
  const request: IncomingRequest = {
    ...{ method, uri: 'sip:echo@example.com', transport: 'udp', body, isFromEngine, receivedOn: undefined },
    source: '192.0.2.1:5060',
    header: (name) => all[name.toLowerCase()],
    reply: (reply) => {
      replies.push(reply);
      return Promise.resolve();
    },
    onCancel: (listener) => {
      listeners.push(() => listener({ header: () => undefined, body: undefined }));
    },
  };
  return { request, replies, cancel: () => listeners.forEach((listener) => listener()) };
}
