import { expect, test } from 'vitest';
import { freePhonePort } from '../support/free-port.ts';
import { PhonePlatform } from '../support/phone-platform.ts';
import { runSipp } from '../support/sipp.ts';
import { addSubscribers, sippLines } from '../support/subscribers.ts';

const HOST = '127.0.0.1';
/** What a router in front of us would be reached at. */
const ADVERTISED = '127.0.3.1';
const PRIVATE_HOST = '127.0.2.1';
const PBX_HOST = '127.0.2.9';

const phones = new PhonePlatform({
  CALLWEAVE_HOST: HOST,
  CALLWEAVE_ADVERTISED_HOST: ADVERTISED,
  CALLWEAVE_PRIVATE_HOST: PRIVATE_HOST,
  CALLWEAVE_PRIVATE_NETWORKS: '127.0.2.0/24',
});

/** The edge as it is seen from the private side. */
const inside = (): string => phones.edge.replace(HOST, PRIVATE_HOST);

test.each([
  ['a PBX on the private side', 'a phone outside', true],
  ['a phone outside', 'a PBX on the private side', false],
])(
  '%s calls %s: each is told the address of its own side, for signalling and for media',
  async (_a, _b, isPbxCaller) => {
    const [caller, callee] = await addSubscribers(phones.bus, `side-${String(isPbxCaller)}-`, 2);
    if (caller === undefined || callee === undefined) throw new Error('no accounts');
    const pbx = { localHost: PBX_HOST, remote: inside(), told: PRIVATE_HOST };
    const phone = { localHost: HOST, remote: phones.edge, told: ADVERTISED };
    const [from, to] = isPbxCaller ? [pbx, phone] : [phone, pbx];
    const at = { localHost: to.localHost, remote: to.remote, localPort: await freePhonePort() };
    const registered = await runSipp({ ...at, scenario: 'register', calls: 1, lines: sippLines([callee]) });
    expect(registered).toMatchObject({ successful: 1 });
    const stop = new AbortController();
    const answering = runSipp({ ...at, scenario: 'uas', calls: 1, trace: true, signal: stop.signal });
    const calling = { localHost: from.localHost, remote: from.remote, calls: 1, trace: true };
    const keys = { callee: callee.user };
    const called = await runSipp({ ...calling, scenario: 'call', keys, lines: sippLines([caller]) });
    if (called.successful === 0) stop.abort();
    const answered = await answering;
    expect([called, answered], called.errors).toMatchObject([
      { successful: 1, failed: 0 },
      { successful: 1, failed: 0 },
    ]);
    const heard = (messages: typeof called.messages, summary: RegExp): unknown =>
      messages.find((message) => message.direction === 'received' && summary.test(message.summary))?.hosts;
    expect(heard(called.messages, /^200 INVITE/)).toMatchObject({ contact: from.told, media: from.told });
    expect(heard(answered.messages, /^INVITE/)).toEqual({ via: to.told, contact: to.told, media: to.told });
  },
);

test('the doctor shows who is told which address, in the order in which that is looked up', async () => {
  const { code, output } = await phones.platform.cli('doctor');
  expect(output).toContain(
    `127.0.2.0/24, 127.0.2.1/32 → ${PRIVATE_HOST}; everybody else → ${ADVERTISED} (listens at ${HOST})`,
  );
  expect(code).toBe(0);
});
