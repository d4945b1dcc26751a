import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createLogger } from '@callweave/telemetry';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Syslog } from '../src/syslog.ts';

let server: Socket;
let syslog: Syslog;

beforeEach(async () => {
  server = createSocket('udp4');
  server.bind(0, '127.0.0.1');
  await once(server, 'listening');
  syslog = new Syslog({ address: '127.0.0.1', port: server.address().port, facility: 'local6' }, 'sip-engine');
});

afterEach(() => {
  syslog.close();
  server.close();
});

test('a syslog server is sent every line, by severity, facility and who says it', async () => {
  const log = createLogger({ name: 'sip-engine', level: 'debug', fd: [], streams: [syslog] });
  const heard: string[] = [];
  for (const level of ['debug', 'info', 'warn', 'error'] as const) {
    const arrived = once(server, 'message') as Promise<[Buffer]>;
    log[level]('call.ended', { callId: 'c1' });
    heard.push((await arrived)[0].toString());
  }
  // local6 is 22, RFC 3164 §4.1.1.
  expect(heard.map((text) => text.slice(0, text.indexOf('>') + 1))).toEqual(['<183>', '<182>', '<180>', '<179>']);
  const header = `^<183>[A-Z][a-z]{2} [ \\d]\\d \\d\\d:\\d\\d:\\d\\d \\S+ sip-engine\\[${process.pid}\\]: `;
  expect(heard[0]).toMatch(new RegExp(`${header}\\{"level":"debug",.*"callId":"c1".*"event":"call\\.ended"\\}$`));
});

test('a line too long for syslog servers is cut', async () => {
  const arrived = once(server, 'message') as Promise<[Buffer]>;
  syslog.write(`{"level":"info","text":"${'x'.repeat(20_000)}"}\n`);
  expect((await arrived)[0].length).toBe(8_192);
});
