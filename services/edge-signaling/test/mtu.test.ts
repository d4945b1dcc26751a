import { FakeClock } from '@callweave/clock/testing';
import { type IncomingResponse, type OutgoingEvents, type OutgoingRequest } from '@callweave/srf';
import { recordLogs } from '@callweave/telemetry/testing';
import { describe, expect, test } from 'vitest';
import { sizeOf } from '../src/mtu/diet.ts';
import { DATAGRAM_BYTES, MtuGuardian } from '../src/mtu/guardian.ts';

const codecs = Array.from({ length: 20 }, (_, index) => 100 + index);
const sdp = [
  ...['v=0', 'o=- 1 1 IN IP4 192.0.2.1', 's=-', 'c=IN IP4 192.0.2.1', 't=0 0'],
  `m=audio 40000 RTP/AVP ${codecs.join(' ')}`,
  ...codecs.flatMap((type) => [`a=rtpmap:${String(type)} codec${String(type)}/8000`, `a=fmtp:${String(type)} mode=1`]),
  '',
].join('\r\n');

const short: OutgoingRequest = {
  method: 'INVITE',
  uri: 'sip:bob@192.0.2.7:5060',
  headers: { From: '<sip:alice@example.com>;tag=1', To: '<sip:bob@example.com>', 'Content-Type': 'application/sdp' },
  body: 'v=0\r\n',
};
const long = { ...short, body: sdp };
const behindNat = { nextHop: 'sip:198.51.100.9:40211' };

/** A guardian before an engine that sends nothing; `answer` is what the network, or the engine, says of the last request. */
function setUp() {
  const clock = new FakeClock();
  const log = recordLogs();
  const sent: { request: OutgoingRequest; events: OutgoingEvents; cancelled: boolean }[] = [];
  const guardian = new MtuGuardian({
    send: (request, events) => {
      const one = { request, events, cancelled: false };
      sent.push(one);
      return { cancel: () => (one.cancelled = true) };
    },
    extras: ['user-agent', 'x-fs-*'],
    clock,
    log,
  });
  const seen: number[] = [];
  const events: OutgoingEvents = { responded: ({ status }) => seen.push(status), failed: () => seen.push(0) };
  const send = (request: OutgoingRequest): OutgoingRequest => {
    guardian.send(request, events);
    return sent.at(-1)?.request ?? request;
  };
  const answer = (status: number, source = ''): void =>
    sent.at(-1)?.events.responded({ status, source } as IncomingResponse);
  return { clock, guardian, events, sent, seen, send, answer };
}

describe('an INVITE for a device', () => {
  test('stays as it is when it fits into a datagram, goes by a connection, or is for a part of the platform', () => {
    const { send } = setUp();
    const byTcp = { ...long, uri: 'sip:bob@192.0.2.7;transport=tcp' };
    const inDialog = { ...long, dialogId: 'call;from-tag=1' };
    for (const one of [short, byTcp, inDialog, { ...long, isInternal: true }, { ...long, method: 'MESSAGE' }])
      expect(send(one)).toBe(one);
  });

  test('loses headers that nobody needs first, and nothing else when that is enough', () => {
    const { send } = setUp();
    const extras = { 'X-FS-Support': 'x'.repeat(900), 'User-Agent': 'callweave' };
    const lean = send({ ...short, headers: { ...short.headers, ...extras, Subject: 'hello' } });
    expect(lean).toEqual({ ...short, headers: { ...short.headers, Subject: 'hello' } });
  });

  test('is then written in compact forms, and with the codecs that fit', () => {
    const { send } = setUp();
    const { headers, body = '' } = send({ ...long, ...behindNat });
    expect(headers).toMatchObject({ c: 'application/sdp' });
    expect(headers).not.toHaveProperty('Content-Type');
    expect(body.length).toBeGreaterThan(300);
    expect(body).toContain('m=audio 40000 RTP/AVP 100 101 102');
    expect(body).not.toContain('119');
    expect(sizeOf({ ...long, headers: headers ?? {}, body })).toBeLessThan(DATAGRAM_BYTES + 50);
  });

  test('loses what only browsers understand before it loses a codec', () => {
    const { send } = setUp();
    const ofBrowser = Array.from({ length: 12 }, (_, index) => `a=ssrc:${String(index)} cname:${'x'.repeat(60)}\r\n`);
    const plain = sdp.replaceAll(/^a=fmtp:.*\r\n/gm, '');
    const { body } = send({ ...long, ...behindNat, body: plain + ofBrowser.join('') });
    expect(body).toBe(plain);
  });

  test('goes whole by TCP where nothing else helps and the device can be reached; else as short as it gets', () => {
    const { send } = setUp();
    const huge = { ...long, headers: { ...long.headers, Subject: 'x'.repeat(1_300) } };
    expect(send(huge)).toEqual({ ...huge, nextHop: 'sip:bob@192.0.2.7:5060;transport=tcp' });
    expect(send({ ...huge, ...behindNat })).toMatchObject({
      ...behindNat,
      body: expect.stringContaining('AVP 100\r\n') as string,
    });
  });

  test('goes by UDP after all where the device takes no TCP, unless it was cancelled meanwhile', () => {
    const { guardian, events, sent, seen, answer } = setUp();
    const huge = { ...long, headers: { ...long.headers, Subject: 'x'.repeat(1_300) } };
    const call = guardian.send(huge, events);
    answer(503);
    expect(sent.at(-1)?.request).toBe(huge);
    expect(seen).toEqual([]);
    call.cancel();
    expect(sent.at(-1)?.cancelled).toBe(true);

    guardian.send(huge, events).cancel();
    answer(503);
    expect([sent.length, seen]).toEqual([3, [503]]);
  });
});

describe('a device that says nothing to a long INVITE', () => {
  const medium = { ...long, body: sdp.replaceAll(/^a=fmtp:.*\r\n/gm, '') };

  test('gets a shorter one from then on, for a day', () => {
    const { clock, send, answer } = setUp();
    expect(send(medium)).toBe(medium);
    answer(408);
    const next = send(medium);
    expect(sizeOf(next)).toBeLessThan(0.8 * sizeOf(medium));
    answer(200, '192.0.2.7:5060');
    expect(sizeOf(send(medium))).toBe(sizeOf(next));
    clock.advance(24 * 3_600_000);
    expect(send(medium)).toBe(medium);
  });

  test('is not there when it says nothing to a short one either', () => {
    const { send, answer } = setUp();
    send(medium);
    answer(408);
    send(medium);
    answer(408);
    expect(send(medium)).toBe(medium);
    send(short);
    answer(408);
    expect(send(medium)).toBe(medium);
  });

  test('has said something when the 408 is its own', () => {
    const { send, answer } = setUp();
    send(medium);
    answer(408, '192.0.2.7:5060');
    expect(send(medium)).toBe(medium);
  });
});
