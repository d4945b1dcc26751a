// What reading and writing SIP costs, per message: as a ratio to the least any parser does, cutting the same bytes into
// lines. `read` splits an INVITE, `typed` also reads the headers every request is checked for, `hop` writes it on with
// the sender noted in its Via, `answer` reads a 200. Arguments: rounds=N.
import { argv, cpuUsage } from 'node:process';
import { parseMessage, serializeParts } from '@callweave/sip';
import { round, type Spread, spread } from '../support/statistics.ts';

const MESSAGES = 50_000;
const rounds = Number(/^rounds=(\d+)$/.exec(argv[2] ?? '')?.[1] ?? 7);

const sdp = 'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 6000 RTP/AVP 0\r\n';
const head = [
  'Via: SIP/2.0/UDP 192.0.2.1:5062;branch=z9hG4bK-1-0;rport',
  'Max-Forwards: 70',
  'From: "Alice" <sip:alice@example.com>;tag=f1',
  'To: <sip:bob@example.com>;tag=t1',
  'Call-ID: c1@192.0.2.1',
  'CSeq: 1 INVITE',
  'Contact: <sip:alice@192.0.2.1:5062>',
  'Subject: Performance Test',
  'Content-Type: application/sdp',
  `Content-Length: ${sdp.length}`,
];
const bytesOf = (start: string): Buffer => Buffer.from([start, ...head, '', sdp].join('\r\n'), 'latin1');
const invite = bytesOf('INVITE sip:bob@example.com SIP/2.0');
const answer = bytesOf('SIP/2.0 200 OK');

const ways: Readonly<Record<string, () => unknown>> = {
  lines: () => Buffer.from(invite).toString('latin1').split('\r\n'),
  read: () => parseMessage(Buffer.from(invite)),
  typed: () => typed(),
  hop: () => {
    const request = typed();
    request.headers.replaceFirst('via', `${request.required('via')};received=192.0.2.1`);
    return [request.fromTag, serializeParts('INVITE sip:b@192.0.2.2 SIP/2.0', request.headers.toText(), request.body)];
  },
  answer: () => {
    const { via, cseq, toTag, contacts } = parseMessage(Buffer.from(answer));
    return [via, cseq, toTag, contacts];
  },
};

const costs = new Map<string, number[]>(Object.keys(ways).map((name) => [name, []]));
for (let n = 0; n <= rounds; n++)
  for (const [name, way] of Object.entries(ways)) {
    const us = cost(way);
    if (n > 0) costs.get(name)?.push(us);
  }
const base = costs.get('lines') ?? [];
const result: Record<string, { readonly cpuUs: Spread; readonly ratio: Spread }> = {};
for (const [name, all] of costs) {
  result[name] = { cpuUs: spread(all), ratio: spread(all.map((us, n) => round(us / (base[n] ?? NaN)))) };
  console.error(`${name}: ${JSON.stringify(result[name])}`);
}
console.log(JSON.stringify({ rounds, messages: MESSAGES, bytes: invite.length, reference: 'lines', result }));

function typed(): ReturnType<typeof parseMessage> {
  const request = parseMessage(Buffer.from(invite));
  const { via, callId, fromTag, toTag, cseq, contacts } = request;
  if (via.host === '' || callId === '' || fromTag === toTag || cseq.number === 0 || contacts === '*')
    throw new Error('not what was written');
  request.number('max-forwards');
  return request;
}

/** CPU of this process per message, µs. */
function cost(way: () => unknown): number {
  const before = cpuUsage();
  for (let n = 0; n < MESSAGES; n++) way();
  const { user, system } = cpuUsage(before);
  return (user + system) / MESSAGES;
}
