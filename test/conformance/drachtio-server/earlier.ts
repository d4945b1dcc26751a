import { connectRawApp } from '@callweave/sip-engine/testing';
import { openUdpPeer } from './peers.ts';

/** By recording, what the server had been asked before it, as the first turns in it show: nothing else is left of that. */
export const askedEarlier: Readonly<Record<string, readonly string[]>> = {
  'two-clients-round-robin': ['OPTIONS', 'INVITE'],
};

/** Has an application take one request of each method, and go. */
export async function askEarlier(controlPort: number, engine: string, methods: readonly string[]): Promise<void> {
  const app = await connectRawApp(controlPort, engine);
  app.send('1|authenticate|cymru|');
  await app.next();
  const peer = await openUdpPeer({ address: engine, engine, enginePort: 5060 }, 0);
  for (const method of methods) {
    app.send(`2|route|${method.toLowerCase()}`);
    await app.next();
    const from = `sip:earlier@${engine}:${peer.port}`;
    peer.send(
      [
        `${method} sip:x@${engine} SIP/2.0`,
        `Via: SIP/2.0/UDP ${engine}:${peer.port};branch=z9hG4bKearlier${method}`,
        'Max-Forwards: 70',
        `From: <${from}>;tag=earlier`,
        `To: <sip:x@${engine}>`,
        `Call-ID: earlier${method}`,
        `CSeq: 1 ${method}`,
        `Contact: <${from}>`,
        'Content-Length: 0\r\n\r\n',
      ].join('\r\n'),
    );
    await app.next();
  }
  peer.close();
  app.close();
  await app.closed();
}
