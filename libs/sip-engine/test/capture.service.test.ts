import { createSocket } from 'node:dgram';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requestText } from '@callweave/sip/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Captured, hepPacket } from '../src/capture.ts';
import { type Bench, openBench, startLine } from './bench.ts';
import { Programs } from './programs.ts';

const programs = new Programs();
let directory: string;
let port: number;

/** Kamailio as a collector of HEP: it tells what it found in every packet, which is all it does. */
const collecting = (): string => `
log_stderror=yes
children=1
disable_tcp=yes
listen=udp:127.0.0.1:${port}
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "db_text.so"
loadmodule "sipcapture.so"
modparam("sipcapture", "db_url", "text://${directory}")
modparam("sipcapture", "insert_retries", 1)
modparam("sipcapture", "insert_retry_timeout", 60)
modparam("sipcapture", "hep_capture_on", 1)
modparam("sipcapture", "nonsip_hook", 1)
event_route[sipcapture:request] {
  xlog("L_ALERT", "HEP $hep(version) of $hep(0x00c), protocol $hep(0x002) type $hep(0x00b) at $hep(0x009).$hep(0x00a) from $hep(0x003):$hep(0x007) to $hep(0x004):$hep(0x008): $hep(0x00f)END\\n");
  return 0;
}
request_route { drop; }
`;

/** What the collector told: of each packet what stands around the message, and the message. */
async function collected(): Promise<{ around: string; message: string }[]> {
  const log = await readFile(join(directory, 'log'), 'latin1');
  return [...log.matchAll(/(HEP 3 [^]*?): ([A-Z][^]*?)END\n/g)].map(([, around = '', message = '']) => ({
    around,
    message,
  }));
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'hep-'));
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  port = socket.address().port;
  await new Promise<void>((resolve) => socket.close(resolve));
  await writeFile(join(directory, 'version'), 'table_name(string) table_version(int)\nsip_capture:4\n');
  await writeFile(join(directory, 'cfg'), collecting());
  const run = `exec kamailio -f ${directory}/cfg -DD -E -m 64 -M 8 -Y ${directory} -w ${directory} 2>${directory}/log`;
  await programs.start('sh', ['-c', run]);
  await vi.waitFor(
    async () => {
      await send({});
      expect(await collected()).not.toHaveLength(0);
    },
    { timeout: 25_000, interval: 100 },
  );
});

afterAll(async () => {
  await programs.stop();
  await rm(directory, { recursive: true, force: true });
});

async function send(fields: Partial<Captured>): Promise<void> {
  const endpoint = { address: '127.0.0.1', port: 5060 };
  const usual = {
    from: endpoint,
    to: endpoint,
    isUdp: true,
    epochMs: 0,
    agentId: 1,
    payload: Buffer.from(requestText()),
  };
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) =>
    socket.send(hepPacket({ ...usual, ...fields }), port, '127.0.0.1', () => socket.close(resolve)),
  );
}

describe('with Kamailio as a collector of HEP', () => {
  test('every message is seen there as it was, with when and between whom it went', async () => {
    const bench: Bench = await openBench(['options'], { capture: { host: '127.0.0.1', port, agentId: 2026 } });
    const phone = await bench.phone();
    phone.request({ callId: 'captured' });
    await bench.app.answer(await bench.app.told(), '200 OK');
    const answer = await phone.next();
    const mine = async (): Promise<{ around: string; message: string }[]> =>
      (await collected()).filter(({ message }) => message.includes('Call-ID: captured'));
    await vi.waitFor(async () => expect(await mine()).toHaveLength(2), { timeout: 10_000 });
    await bench.close();
    const [request, response] = await mine();
    const [us, them] = [`127.0.0.1:${bench.sipPort}`, `127.0.0.1:${phone.port}`];
    const at = String(Math.floor(bench.clock.epochMs() / 1_000));
    expect(request?.around).toMatch(
      new RegExp(`^HEP 3 of 2026, protocol 17 type 1 at ${at}\\.\\d+ from ${them} to ${us}$`),
    );
    expect(response?.around).toMatch(
      new RegExp(`^HEP 3 of 2026, protocol 17 type 1 at ${at}\\.\\d+ from ${us} to ${them}$`),
    );
    expect(startLine(request?.message ?? '')).toBe('OPTIONS sip:bob@example.com SIP/2.0');
    expect(response?.message).toBe(answer);
  });

  test('what cannot be read is seen there as it was', async () => {
    const bench: Bench = await openBench(['options'], { capture: { host: '127.0.0.1', port, agentId: 2026 } });
    const phone = await bench.phone();
    phone.send('OPTIONS sip:no.version.of.sip\r\nCall-ID: unreadable\r\n\r\n');
    const mine = async (): Promise<{ around: string; message: string }[]> =>
      (await collected()).filter(({ message }) => message.includes('unreadable'));
    await vi.waitFor(async () => expect(await mine()).toHaveLength(1), { timeout: 10_000 });
    await bench.close();
    const [found] = await mine();
    expect(found?.around).toContain(`from 127.0.0.1:${phone.port} to 127.0.0.1:${bench.sipPort}`);
    expect(found?.message).toBe('OPTIONS sip:no.version.of.sip\r\nCall-ID: unreadable\r\n\r\n');
  });

  test('what went by a connection is said to', async () => {
    const payload = Buffer.from(requestText({ callId: 'by-tcp' }));
    await send({ isUdp: false, epochMs: 1_700_000_000_042, agentId: 4_000_000_000, payload });
    const found = async (): Promise<string | undefined> =>
      (await collected()).find(({ message }) => message.includes('by-tcp'))?.around;
    await vi.waitFor(async () => expect(await found()).toBeDefined(), { timeout: 10_000 });
    expect(await found()).toMatch(/, protocol 6 type 1 at 1700000000\.42000 from/);
  });
});

test('the addresses of an IPv6 message are 16 bytes each', () => {
  const [from, to] = ['2001:db8::7', '::ffff:192.0.2.1'].map((address) => ({ address, port: 5060 }));
  if (from === undefined || to === undefined) throw new TypeError('no address');
  const packet = hepPacket({ from, to, isUdp: true, epochMs: 0, agentId: 1, payload: Buffer.from('x') }).toString(
    'hex',
  );
  expect(packet).toContain('00000005001620010db8000000000000000000000007');
  expect(packet).toContain('00000006001600000000000000000000ffffc0000201');
  expect(packet).toMatch(/^48455033/);
});

test('calls go on when there is no collector', async () => {
  const bench = await openBench(['options'], { capture: { host: '127.0.0.1', port: 9, agentId: 1 } });
  const phone = await bench.phone();
  for (let n = 0; n < 3; n++) {
    phone.request({ callId: `lost${n}` });
    await bench.app.answer(await bench.app.told(), '200 OK');
    expect(startLine(await phone.next())).toBe('SIP/2.0 200 OK');
  }
  await bench.close();
});
