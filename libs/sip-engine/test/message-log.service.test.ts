import { once } from 'node:events';
import { connect } from 'node:net';
import { systemClock } from '@callweave/clock';
import { type SipEngine, startSipEngine } from '@callweave/sip-engine';
import { openRawPhone } from '@callweave/sip-engine/testing';
import { requestText } from '@callweave/sip/testing';
import { recordLogs, type RecordingLogger } from '@callweave/telemetry/testing';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';

let engine: SipEngine;
let log: RecordingLogger;

async function start(logsMessages: boolean): Promise<void> {
  log = recordLogs();
  const contacts = [
    { address: '127.0.0.1', port: 0, protocols: ['udp' as const, 'tcp' as const] },
    { address: '127.0.0.1', port: 0, protocols: ['ws' as const] },
  ];
  const control = { address: '127.0.0.1', port: 0, secret: 's' };
  engine = await startSipEngine({ contacts, control, logsMessages }, { clock: systemClock, log });
}

const portOf = (protocol: string): number =>
  Number(
    engine.contacts
      .find((contact) => contact.startsWith(protocol))
      ?.split(':')
      .at(-1),
  );

const request = (transport: string): string =>
  requestText({ transport, headers: ['Authorization: Digest username="alice", response="0123"', 'X-Mine: 1'] });

/** By each transport: sends a request that nobody takes, waits for its answer, and returns the peer's own port. */
const exchanges = {
  udp: async (): Promise<number> => {
    const phone = await openRawPhone();
    phone.send(request('UDP'), portOf('udp'));
    expect(await phone.next()).toMatch(/^SIP\/2.0 503 /);
    phone.close();
    return phone.port;
  },
  tcp: async (): Promise<number> => {
    const socket = connect(portOf('tcp'), '127.0.0.1');
    await once(socket, 'connect');
    const port = socket.localPort ?? 0;
    socket.write(request('TCP'));
    await once(socket, 'data');
    socket.destroy();
    return port;
  },
  ws: async (): Promise<number> => {
    const socket = new WebSocket(`ws://127.0.0.1:${portOf('ws')}`, 'sip');
    let port = 0;
    socket.on('upgrade', (response) => (port = response.socket.localPort ?? 0));
    await once(socket, 'open');
    socket.send(request('WS'));
    await once(socket, 'message');
    socket.terminate();
    return port;
  },
};

const messages = (): unknown[] =>
  log.lines
    .filter(({ event }) => event.startsWith('sip.'))
    .map(({ level, event, fields }) => [level, event, fields['protocol'], fields['peer'], fields['sip']]);

afterEach(() => engine.stop());

describe('an engine that is asked to log messages', () => {
  beforeEach(() => start(true));

  test.each(['udp', 'tcp', 'ws'] as const)('has each in its log, as it came and left by %s', async (protocol) => {
    const peer = `127.0.0.1:${await exchanges[protocol]()}`;
    expect(messages()).toEqual([
      [
        'debug',
        'sip.received',
        protocol,
        peer,
        expect.stringMatching(/^OPTIONS sip:[^]*\r\nX-Mine: 1\r\n[^]*\r\n\r\n$/),
      ],
      ['debug', 'sip.sent', protocol, peer, expect.stringMatching(/^SIP\/2.0 503 [^]*\r\n\r\n$/)],
    ]);
  });

  test('has what is no message as well, as it came', async () => {
    const strange = 'this is what a scanner sends\r\n\r\n';
    const phone = await openRawPhone();
    phone.send(strange, portOf('udp'));
    const socket = connect(portOf('tcp'), '127.0.0.1');
    socket.write(strange);
    await once(socket, 'close');
    const websocket = new WebSocket(`ws://127.0.0.1:${portOf('ws')}`, 'sip');
    await once(websocket, 'open');
    websocket.send(strange);
    await once(websocket, 'close');
    const seen = (): unknown[] => messages().map((message) => (message as unknown[]).filter((_, n) => n !== 3));
    await vi.waitFor(() => expect(seen()).toHaveLength(3), 10_000);
    expect(new Set(seen().map(String))).toEqual(
      new Set(['udp', 'tcp', 'ws'].map((protocol) => String(['debug', 'sip.received', protocol, strange]))),
    );
    phone.close();
  });

  test('writes no credentials', async () => {
    await exchanges.udp();
    const text = JSON.stringify(messages());
    expect(text).toContain('Authorization: [secret]');
    expect(text).not.toContain('alice"');
    expect(text).not.toContain('0123');
  });
});

test('an engine that is not asked logs none', async () => {
  await start(false);
  await exchanges.udp();
  expect(messages()).toEqual([]);
});
