import { createSocket } from 'node:dgram';
import { type NameServer } from '@callweave/sip-engine/testing';
import { decode } from 'dns-packet';

/** What stands before a name server and notes what is asked. */
export interface Eavesdropper {
  readonly address: string;
  /** `SRV _sip._udp.example.test`, in the order in which it came. */
  readonly asked: string[];
  close(): void;
}

/** Passes datagrams on. */
export async function eavesdropOn(server: NameServer): Promise<Eavesdropper> {
  const asked: string[] = [];
  const front = createSocket('udp4');
  front.on('message', (bytes, asker) => {
    const [question] = decode(bytes).questions ?? [];
    asked.push(`${question?.type ?? ''} ${question?.name ?? ''}`);
    const back = createSocket('udp4');
    back.once('message', (reply) => {
      front.send(reply, asker.port, asker.address);
      back.close();
    });
    back.send(bytes, server.port, '127.0.0.1');
  });
  await new Promise<void>((resolve) => front.bind(0, '127.0.0.1', resolve));
  return { address: `127.0.0.1:${front.address().port}`, asked, close: () => front.close() };
}
