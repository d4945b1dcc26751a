import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { requestText } from '@callweave/sip/testing';
import { type Bench, type BenchPhone, header, openBench, startLine, type Told } from './bench.ts';

let bench: Bench;
let caller: BenchPhone;
let callees: readonly BenchPhone[];

// Nothing is repeated.
const timers = { t1: 600_000, t2: 600_000, t4: 5_000 };

beforeEach(async () => {
  bench = await openBench(['invite', 'message'], { timers });
  caller = await bench.phone();
  callees = await Promise.all(Array.from({ length: 4 }, () => bench.phone()));
});
afterEach(() => bench.close());

/** The caller sends an INVITE with these headers, which the application has proxied to the first phones. */
async function forks(headers: readonly string[], count: number, how = 'nofollow|simultaneous'): Promise<Told> {
  caller.request({ method: 'INVITE', callId: 'forked', headers });
  const { txn, line } = await bench.app.told();
  const uris = callees.slice(0, count).map(({ uri }) => uri);
  return bench.app.command(
    `proxy|${txn}|remainOutOfDialog|basicResponse|${how}|||${uris.join('|')}\r\n${line}\r\n\r\n`,
  );
}

/** The Max-Breadth of the next request that each phone gets. */
function breadths(phones: readonly BenchPhone[]): Promise<string[]> {
  return Promise.all(phones.map(async (phone) => header(await phone.next(), 'Max-Breadth')));
}

/** What the caller gets next but for 100. */
async function answered(): Promise<string> {
  for (;;) {
    const text = await caller.next();
    if (!text.startsWith('SIP/2.0 100')) return text;
  }
}

describe('the Max-Breadth of a proxied request, RFC 5393 §5.3.3', () => {
  test.each<[why: string, headers: string[], count: number, expected: string[]]>([
    ['is 60 when it comes without, all of it shared by the targets that are asked at once', [], 1, ['60']],
    ['is shared evenly', [], 2, ['30', '30']],
    ['leaves nothing over', ['Max-Breadth: 7'], 4, ['1', '2', '2', '2']],
    ['may be just enough', ['Max-Breadth: 4'], 4, ['1', '1', '1', '1']],
    ['is 60 at most', ['Max-Breadth: 4294967296'], 1, ['60']],
    ['is not counted down from hop to hop', ['Max-Breadth: 1'], 1, ['1']],
    ['is one, in the place of several or of what cannot be read', ['Max-Breadth: x', 'Max-Breadth: 1'], 1, ['60']],
  ])('%s', async (_, headers, count, expected) => {
    void forks(headers, count);
    expect(await breadths(callees.slice(0, count))).toEqual(expected);
  });

  test('is there whole for each of targets that are asked one after the other', async () => {
    void forks(['Max-Breadth: 1'], 2, 'nofollow|serial');
    const [first, second] = callees as [BenchPhone, BenchPhone];
    const invite = await first.next();
    first.answer(invite, '486 Busy Here');
    expect([header(invite, 'Max-Breadth'), ...(await breadths([second]))]).toEqual(['1', '1']);
  });

  test('is free again when a target has answered, for those that it names instead', async () => {
    void forks(['Max-Breadth: 2'], 2, 'followRedirects|simultaneous');
    const [moved, busy, third, fourth] = callees as [BenchPhone, BenchPhone, BenchPhone, BenchPhone];
    const [atMoved, atBusy] = [await moved.next(), await busy.next()];
    moved.answer(atMoved, '302 Moved Temporarily', { lines: [`Contact: <${third.uri}>, <${fourth.uri}>`] });
    expect(await breadths([third])).toEqual(['1']);
    // The answer to a later command shows that nothing was sent in between.
    await bench.app.command('ping');
    expect(fourth.waiting).toBe(0);
    busy.answer(atBusy, '486 Busy Here');
    expect(await breadths([fourth])).toEqual(['1']);
  });

  test.each<[headers: string[], count: number, how: string]>([
    [['Max-Breadth: 1'], 2, 'nofollow|simultaneous'],
    [['Max-Breadth: 0'], 1, 'nofollow|serial'],
  ])(
    '%s is too little for %i targets, %s: the caller is told 440, and nobody is asked',
    async (headers, count, how) => {
      const reply = await forks(headers, count, how);
      expect(startLine(await answered())).toBe('SIP/2.0 440 Max-Breadth Exceeded');
      expect(reply.tokens.slice(3)).toEqual(['NOK', 'Rejected with 440 Max-Breadth Exceeded']);
      expect(callees.map(({ waiting }) => waiting)).toEqual([0, 0, 0, 0]);
      expect(bench.engine.stats()).toMatchObject({ pending: 0 });
    },
  );

  test('is there in what comes through Record-Route, too', async () => {
    const [callee] = callees as [BenchPhone];
    caller.request({ method: 'INVITE', callId: 'within' });
    const { txn, line } = await bench.app.told();
    bench.app.send(`proxy|${txn}|remainInDialog|basicResponse|nofollow|serial|||${callee.uri}\r\n${line}\r\n\r\n`);
    const invite = await callee.next();
    callee.answer(invite, '200 OK');
    await answered();
    const headers = [`Route: ${header(invite, 'Record-Route')}`, 'Max-Breadth: 9'];
    caller.send(requestText({ method: 'BYE', callId: 'within', toTag: 'b', cseq: 2, uri: callee.uri, headers }));
    expect(await breadths([callee])).toEqual(['9']);
  });
});
