import { type IncomingRequest, type IncomingResponse } from '@callweave/srf';
import { type Leg } from '../leg/leg.ts';
import { passedStatus } from '../leg/passed-status.ts';
import { unavailable } from '../unavailable.ts';

const PASSED_HEADERS = ['content-type', 'content-disposition', 'info-package', 'event', 'subject'];

/**
 * Passes a request inside one dialog on to the peer's dialog, and the peer's final answer back. Of a peer that is replaced
 * when it is gone nobody is told that it is: that would end his dialog, RFC 3261 §12.2.1.2.
 */
export async function relayRequest(request: IncomingRequest, peer: Leg, isReplaceable: boolean): Promise<void> {
  const headers: Record<string, string> = {};
  for (const name of PASSED_HEADERS) {
    const value = request.header(name);
    if (value !== undefined) headers[name] = value;
  }
  const response = await new Promise<IncomingResponse | undefined>((resolve) => {
    peer.request(
      { method: request.method, headers, body: request.body },
      {
        responded: (received) => {
          if (received.status >= 200) resolve(received);
        },
        failed: () => resolve(undefined),
      },
    );
  });
  const isGone = response === undefined || response.status === 481 || response.status === 408;
  if (isGone && isReplaceable) {
    await request.reply(unavailable());
    return;
  }
  if (response === undefined) {
    await request.reply({ status: 481 });
    return;
  }
  const status = passedStatus(response.status);
  await request.reply(status === response.status ? { status, reason: response.reason } : { status });
}
