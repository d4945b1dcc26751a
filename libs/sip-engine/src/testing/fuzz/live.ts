import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { inspect } from 'node:util';
import { systemClock } from '@callweave/clock';
import { requestText } from '@callweave/sip/testing';
import { type Logger } from '@callweave/telemetry';
import { startSipEngine } from '../../engine.ts';
import { connectRawApp } from '../../testing.ts';

/** How long a running engine may take for what others are answered at once. */
const HANG_MS = 10_000;

/** Where what is thrown comes from: answers go to whatever port it names, and hit nobody else on this machine there. */
const STRANGER = '127.0.0.77';

/** An engine that is thrown at over its sockets. */
export interface LiveTarget {
  /** One datagram. */
  udp(bytes: Buffer): void;
  /** One connection with these bytes; resolves when it has ended. */
  tcp(bytes: Buffer): Promise<void>;
  ws(bytes: Buffer): Promise<void>;
  /** One connection of an application; nothing that it sends is let in without the secret. */
  control(bytes: Buffer): Promise<void>;
  /** Resolves when an ordinary request is answered; rejects when it is not, or when something went wrong before. */
  isAlive(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts an engine on the loopback, whose application refuses everything it is asked. */
export async function startLiveTarget(): Promise<LiveTarget> {
  const errors: string[] = [];
  const ignored = (): void => undefined;
  const log: Logger = {
    ...{ warn: ignored, info: ignored, debug: ignored, child: () => log },
    error: (event, fields) => errors.push(`${event} ${inspect(fields?.['err'])}`),
  };
  const contacts = [
    { address: '127.0.0.1', port: 0, protocols: ['udp' as const, 'tcp' as const] },
    { address: '127.0.0.1', port: 0, protocols: ['ws' as const] },
  ];
  const control = { address: '127.0.0.1', port: 0, secret: 'fuzz' };
  // Transactions are forgotten after 3.2 s, so that memory shows what is not.
  const timers = { t1: 50, t2: 200, t4: 250 };
  const limits = { maxConnectionsPerAddress: 100_000 };
  const engine = await startSipEngine(
    { contacts, control, timers, limits, overload: 'off' },
    { clock: systemClock, log },
  );
  const [sipPort = 0, , wsPort = 0] = engine.contacts.map((contact) => Number(contact.split(':').at(-1)));
  const app = await connectRawApp(engine.controlPort);
  for (const command of ['a|authenticate|fuzz|', 'r|route|invite', 'r|route|options', 'r|route|register'])
    app.send(command);
  void refuseAll();
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, STRANGER, resolve));
  let probes = 0;

  async function refuseAll(): Promise<void> {
    for (;;) {
      const [, kind, , , , , , , txn = ''] = (await app.next()).split('|');
      if (kind === 'sip') app.send(`x|sip|${txn}|\r\nSIP/2.0 486 Busy Here\r\n\r\n`);
    }
  }

  async function isAlive(): Promise<void> {
    const callId = `alive${++probes}`;
    const text = requestText({ callId, branch: `z9hG4bK${callId}`, sentBy: `${STRANGER}:${socket.address().port}` });
    const answered = new Promise<void>((resolve) => {
      const onMessage = (bytes: Buffer): void => {
        if (!bytes.includes(`Call-ID: ${callId}\r\n`)) return;
        socket.off('message', onMessage);
        resolve();
      };
      socket.on('message', onMessage);
    });
    const again = setInterval(() => socket.send(text, sipPort, '127.0.0.1'), 250);
    socket.send(text, sipPort, '127.0.0.1');
    try {
      await within(answered, 'the engine does not answer any more');
    } finally {
      clearInterval(again);
    }
    if (errors.length > 0) throw new Error(errors.join('; '));
  }

  return {
    udp: (bytes) => socket.send(bytes, sipPort, '127.0.0.1'),
    tcp: (bytes) => speak(sipPort, bytes),
    ws: (bytes) => speak(wsPort, bytes),
    control: (bytes) => speak(engine.controlPort, bytes),
    isAlive,
    stop: async () => {
      app.close();
      socket.close();
      await engine.stop();
    },
  };
}

/** Says everything at once and hangs up. */
async function speak(port: number, bytes: Buffer): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.resume();
  const closed = once(socket, 'close');
  socket.end(bytes);
  await within(closed, 'a connection does not end');
}

async function within(promise: Promise<unknown>, otherwise: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(otherwise)), HANG_MS);
  });
  try {
    await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
