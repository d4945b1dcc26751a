import getPort from 'get-port';
import { afterAll, expect, test } from 'vitest';
import { answeredCalls } from '../support/call-facts.ts';
import { type EdgePair, startEdgePair } from '../support/edge-pair.ts';
import { freePortOn } from '../support/free-port.ts';
import { PhonePlatform } from '../support/phone-platform.ts';
import { runSipp } from '../support/sipp.ts';
import { addSubscribers, sippLines } from '../support/subscribers.ts';
import { until } from '../support/until.ts';

const HOST = '127.0.0.14';
const phones = new PhonePlatform();
/** Stopped at last: a phone that quits waits for the answer to its last REGISTER. */
const pairs: EdgePair[] = [];

afterAll(async () => {
  await Promise.all(pairs.map((pair) => pair.stop()));
});

const description = [
  'Content-Type: application/sdp',
  'Content-Length: [len]',
  '',
  'v=0',
  'o=user1 53655765 2353687638 IN IP[local_ip_type] [local_ip]',
  's=-',
  'c=IN IP[media_ip_type] [media_ip]',
  't=0 0',
  'm=audio [media_port] RTP/AVP 0',
].map((line) => `      ${line}`);

const ways = {
  UPDATE: { allow: '      Allow: INVITE, ACK, BYE, UPDATE\n', answer: '      Content-Length: 0\n', acknowledged: '' },
  INVITE: { allow: '', answer: description.join('\n'), acknowledged: '  <recv request="ACK"/>' },
} as const;

test.each(['UPDATE', 'INVITE'] as const)(
  'when an edge dies with its engine, the session of a PBX is refreshed by who comes next, with %s as it can',
  async (refresh) => {
    const port = await freePortOn([HOST]);
    const pair = await startEdgePair(phones.platform, { host: HOST, port, externalIp: HOST });
    pairs.push(pair);
    const [caller] = await addSubscribers(phones.bus, `timed-${String(await getPort())}-`, 1);
    if (caller === undefined) throw new Error('no account');
    const bob = await phones.phone('bob', { registrar: pair.address });
    const keys = { callee: 'bob', refresh, ...ways[refresh] };
    const lines = sippLines([caller]);
    const calling = runSipp({ scenario: 'call-timed', remote: pair.address, calls: 1, lines, keys });
    await bob.waitFor('CALL_ESTABLISHED');
    await until('another could take it over', async () => (await answeredCalls(phones.bus)).length === 1);
    await pair.kill();
    await pair.revive();
    const { errors, ...told } = await calling;
    expect(told, errors).toMatchObject({ successful: 1, failed: 0 });
    await bob.waitFor('CALL_CLOSED');
    expect(await phones.toldInAll()).toEqual(['initiated', 'routed', 'ringing', 'answered', 'ended']);
  },
);
