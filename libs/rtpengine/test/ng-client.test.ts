import { FakeClock } from '@callweave/clock/testing';
import {
  decodeBencode,
  encodeBencode,
  MAX_COMMANDS_IN_FLIGHT,
  NgClient,
  NgCommands,
  type NgError,
  type NgSocketEvents,
  type BencodeValue,
} from '@callweave/rtpengine';
import { recordLogs } from '@callweave/telemetry/testing';
import { describe, expect, test } from 'vitest';

/** A client whose datagrams are kept, with the time of each. */
function recordClient() {
  const clock = new FakeClock();
  const log = recordLogs();
  const sent: { at: number; cookie: string; command: BencodeValue }[] = [];
  const sockets: { events: NgSocketEvents; isClosed: boolean }[] = [];
  const client = new NgClient({
    address: 'node:2223',
    clock,
    log,
    open: (events) => {
      const socket = { events, isClosed: false };
      sockets.push(socket);
      return {
        send: (datagram) => {
          const text = Buffer.from(datagram);
          const space = text.indexOf(' ');
          const command = decodeBencode(text.subarray(space + 1));
          sent.push({ at: clock.monotonicMs(), cookie: text.toString('latin1', 0, space), command });
        },
        close: () => (socket.isClosed = true),
      };
    },
  });
  const receive = (text: string): void => sockets.at(-1)?.events.received(Buffer.from(text));
  const reply = (index: number, answer: BencodeValue): void =>
    receive(`${sent[index]?.cookie ?? ''} ${encodeBencode(answer).toString()}`);
  return { clock, log, client, ng: new NgCommands(client), sent, sockets, receive, reply };
}

/** How a promise ended: its value, or the code of its error. */
async function outcome(promise: Promise<unknown>): Promise<unknown> {
  try {
    return await promise;
  } catch (error) {
    return (error as NgError).code;
  }
}

describe('ng client', () => {
  test('a command without answer is sent again under the same cookie and given up at its deadline', async () => {
    const { clock, client, sent } = recordClient();
    const result = outcome(client.request({ command: 'ping' }, 1_000));
    clock.advance(999);
    expect(sent.map(({ at }) => at)).toEqual([0, 60, 180, 420, 900]);
    expect(new Set(sent.map(({ cookie }) => cookie)).size).toBe(1);
    clock.advance(1);
    expect(await result).toBe('NG_TIMEOUT');
    clock.advance(10_000);
    expect(sent).toHaveLength(5);
    expect([client.inFlight, clock.pending]).toEqual([0, 0]);
  });

  test('every command has a cookie of its own, and so has every client', () => {
    const one = recordClient();
    const two = recordClient();
    for (const { client } of [one, two]) {
      for (let i = 0; i < 50; i++) void outcome(client.request({ command: 'ping' }, 1_000));
    }
    expect(new Set([...one.sent, ...two.sent].map(({ cookie }) => cookie)).size).toBe(100);
    one.client.close();
    two.client.close();
  });

  test('answers find their commands in whatever order they come', async () => {
    const { client, reply } = recordClient();
    const first = client.request({ command: 'query' }, 1_000);
    const second = client.request({ command: 'query' }, 1_000);
    reply(1, { result: 'ok', n: 2 });
    reply(0, { result: 'ok', n: 1 });
    expect([await first, await second]).toEqual([
      { result: 'ok', n: 1 },
      { result: 'ok', n: 2 },
    ]);
  });

  test('a late, a repeated, a foreign and a senseless answer are ignored', async () => {
    const { clock, client, log, receive, reply } = recordClient();
    const late = outcome(client.request({ command: 'ping' }, 100));
    clock.advance(100);
    expect(await late).toBe('NG_TIMEOUT');
    const waiting = outcome(client.request({ command: 'ping' }, 100));
    reply(0, { result: 'pong' });
    receive('somebody d6:result4:ponge');
    receive('');
    receive(' ');
    expect(client.inFlight).toBe(1);
    reply(2, { result: 'pong' });
    reply(2, { result: 'pong' });
    expect(await waiting).toEqual({ result: 'pong' });
    expect(log.lines.map(({ event }) => event)).toEqual(Array<string>(5).fill('ng.answer-ignored'));
  });

  test.each<[string, string]>([
    ['no bencode', 'hello'],
    ['no dictionary', 'le'],
    ['a result nobody knows', 'd6:result5:maybee'],
    ['no result', 'de'],
  ])('an answer with %s is a broken protocol', async (_what, answer) => {
    const { client, sent, receive } = recordClient();
    const result = outcome(client.request({ command: 'ping' }, 100));
    receive(`${sent[0]?.cookie ?? ''} ${answer}`);
    expect(await result).toBe('NG_PROTOCOL');
  });

  test.each([
    ['Failed to parse SDP', 'sdp'],
    ['Error rewriting SDP', 'sdp'],
    ['Incomplete SDP specification', 'sdp'],
    ['Unknown call-id', 'unknown-call'],
    ['Ran out of ports', 'full'],
    ['Parallel session limit reached', 'full'],
    ['Unrecognized command', 'other'],
  ])('the refusal "%s" is of the kind %s', async (reason, kind) => {
    const { client, reply } = recordClient();
    const result = client.request({ command: 'offer' }, 100);
    reply(0, { result: 'error', 'error-reason': reason });
    await expect(result).rejects.toMatchObject({ code: 'NG_REFUSED', command: 'offer', reason, kind });
  });

  test('a node at its load limit refuses as one that is full', async () => {
    const { client, reply } = recordClient();
    const result = client.request({ command: 'offer' }, 100);
    reply(0, { result: 'load limit', message: 'CPU usage limit exceeded' });
    await expect(result).rejects.toMatchObject({ code: 'NG_REFUSED', kind: 'full' });
  });

  test('a node at which nobody listens fails all that waits at once, and is tried over a fresh socket', async () => {
    const { client, sockets, reply } = recordClient();
    const first = outcome(client.request({ command: 'ping' }, 1_000));
    const second = outcome(client.request({ command: 'ping' }, 1_000));
    sockets[0]?.events.failed(new Error('ECONNREFUSED'));
    expect([await first, await second]).toEqual(['NG_UNREACHABLE', 'NG_UNREACHABLE']);
    expect(sockets.map(({ isClosed }) => isClosed)).toEqual([true]);
    const third = outcome(client.request({ command: 'ping' }, 1_000));
    sockets[0]?.events.failed(new Error('late'));
    reply(2, { result: 'pong' });
    expect(await third).toEqual({ result: 'pong' });
    expect(sockets).toHaveLength(2);
  });

  test('after a time-out the name is looked up anew, but not while others still wait', async () => {
    const { clock, client, sockets, reply } = recordClient();
    const gone = outcome(client.request({ command: 'ping' }, 100));
    const waiting = outcome(client.request({ command: 'ping' }, 1_000));
    clock.advance(100);
    expect(await gone).toBe('NG_TIMEOUT');
    const third = outcome(client.request({ command: 'ping' }, 1_000));
    expect(sockets).toHaveLength(1);
    client.close();
    expect([await waiting, await third]).toEqual(['NG_UNREACHABLE', 'NG_UNREACHABLE']);

    const other = recordClient();
    const lost = outcome(other.client.request({ command: 'ping' }, 50));
    other.clock.advance(50);
    await lost;
    const fresh = outcome(other.client.request({ command: 'ping' }, 50));
    other.reply(1, { result: 'pong' });
    expect(await fresh).toEqual({ result: 'pong' });
    expect(other.sockets.map(({ isClosed }) => isClosed)).toEqual([true, false]);
    reply(0, { result: 'pong' });
  });

  test('a node is never given more commands than it can have in hand', async () => {
    const { clock, client, sent } = recordClient();
    const all = Array.from({ length: MAX_COMMANDS_IN_FLIGHT + 1 }, () =>
      outcome(client.request({ command: 'ping' }, 50)),
    );
    clock.advance(50);
    const codes = await Promise.all(all);
    expect(codes.filter((code) => code === 'NG_TIMEOUT')).toHaveLength(MAX_COMMANDS_IN_FLIGHT);
    expect(codes.at(-1)).toBe('NG_BUSY');
    expect(sent).toHaveLength(MAX_COMMANDS_IN_FLIGHT);
  });

  test('a command that does not fit into a datagram is refused before it is sent', async () => {
    const { client, sent } = recordClient();
    expect(await outcome(client.request({ command: 'offer', sdp: 'x'.repeat(65_536) }, 50))).toBe('NG_TOO_LARGE');
    expect([sent.length, client.inFlight]).toEqual([0, 0]);
  });

  test('closing fails what waits and what comes after', async () => {
    const { clock, client, sockets } = recordClient();
    const waiting = outcome(client.request({ command: 'ping' }, 50));
    client.close();
    expect([await waiting, await outcome(client.request({ command: 'ping' }, 50))]).toEqual([
      'NG_UNREACHABLE',
      'NG_UNREACHABLE',
    ]);
    expect([sockets[0]?.isClosed, clock.pending]).toEqual([true, 0]);
  });
});

describe('ng commands', () => {
  const party = { callId: 'c1', fromTag: 'a', sdp: 'v=0\r\n', timeoutMs: 100 };

  test('towards a phone an offer asks for plain RTP without ICE', async () => {
    const { ng, sent, reply } = recordClient();
    const result = ng.offer({ ...party, profile: 'rtp' });
    reply(0, { result: 'ok', sdp: 'v=1' });
    expect(await result).toBe('v=1');
    expect(sent[0]?.command).toEqual({
      command: 'offer',
      'call-id': 'c1',
      'from-tag': 'a',
      sdp: 'v=0\r\n',
      flags: ['trust-address'],
      replace: ['origin', 'session-connection', 'SDP-version'],
      ICE: 'remove',
      'transport-protocol': 'RTP/AVP',
      'rtcp-mux': ['demux'],
    });
  });

  test('towards a browser an answer asks for ICE and DTLS-SRTP and carries no keys', async () => {
    const { ng, sent, reply } = recordClient();
    const result = ng.answer({ ...party, toTag: 'b', profile: 'webrtc' });
    reply(0, { result: 'ok', sdp: 'v=1' });
    expect(await result).toBe('v=1');
    expect(sent[0]?.command).toMatchObject({
      command: 'answer',
      'from-tag': 'a',
      'to-tag': 'b',
      ICE: 'force',
      'transport-protocol': 'UDP/TLS/RTP/SAVPF',
      'rtcp-mux': ['offer', 'require'],
      SDES: ['off'],
    });
  });

  test('an offer that is taken without an SDP in return counts as refused', async () => {
    const { ng, reply } = recordClient();
    const result = ng.offer({ ...party, profile: 'rtp' });
    reply(0, { result: 'ok' });
    await expect(result).rejects.toMatchObject({ code: 'NG_REFUSED', kind: 'sdp' });
  });

  test('counters may be numbers or digits; anything else is a broken protocol', async () => {
    const { ng, reply } = recordClient();
    const statistics = (uptime: BencodeValue): BencodeValue => ({
      result: 'ok',
      statistics: { currentstatistics: { sessionsown: 3 }, totalstatistics: { uptime } },
    });
    const results = [ng.statistics(50), ng.statistics(50), ng.statistics(50), ng.statistics(50)].map(outcome);
    reply(0, statistics('17'));
    reply(1, statistics(17));
    reply(2, statistics('soon'));
    reply(3, { result: 'ok' });
    const read = { uptimeSec: 17, sessions: 3 };
    expect(await Promise.all(results)).toEqual([read, read, 'NG_PROTOCOL', 'NG_PROTOCOL']);
  });
});
