import { type SipResponse } from '@callweave/sip';
import { type Inbound } from '../transport/transport.ts';
import { type Core } from './context.ts';
import { shownAs } from './local.ts';

/** What applications route to be told of responses that no request here waits for; never on the wire. */
export const STRAY_RESPONSE = 'RESPONSE';

/**
 * Tells an application that asked for it of a response to a request that left this address, but of which nothing is
 * known: another engine may have sent it, RFC 3261 §18.1.2. It has no transaction, so that drachtio-srf ignores it.
 */
export function offerStray({ apps }: Core, { message, flow, size }: Inbound<SipResponse>): void {
  const app = apps.pick(STRAY_RESPONSE);
  const bytes = message.origin?.bytes;
  if (app === undefined || bytes === undefined) return;
  const { remoteAddress: address, remotePort: port } = flow;
  app.deliver(
    { source: 'network', size, protocol: shownAs(flow), address, port, txn: '', dialogId: '' },
    Buffer.from(bytes),
  );
}
