import { afterEach, expect, test } from 'vitest';
import { type Bench, header, openBench, startLine, toTag } from './bench.ts';

let bench: Bench;

afterEach(() => bench.close());

const response = (port: number, branch = 'z9hG4bKelsewhere'): string =>
  [
    'SIP/2.0 200 OK',
    `Via: SIP/2.0/UDP 127.0.0.1:${port};branch=${branch}`,
    'From: <sip:a@x>;tag=1',
    'To: <sip:b@x>;tag=2',
    'Call-ID: elsewhere',
    'CSeq: 7 INVITE',
    'Content-Length: 0',
    '\r\n',
  ].join('\r\n');

test('a response that no request waits for is told to whoever routes RESPONSE, without a transaction', async () => {
  bench = await openBench(['response', 'frobnicate']);
  const phone = await bench.phone();
  phone.send(response(bench.sipPort));
  const told = await bench.app.told();
  expect(told.text).toBe(response(bench.sipPort));
  expect([told.tokens[1], told.tokens[2], told.tokens[6], told.txn, told.dialogId]).toEqual([
    'sip',
    'network',
    String(phone.port),
    '',
    '',
  ]);
  // One that was never ours is nobody's business, and RESPONSE is no method.
  phone.send(response(9));
  phone.request({ method: 'UNKNOWN' });
  expect(header(await phone.next(), 'Allow')).toBe('ACK, CANCEL, FROBNICATE');
});

test('nobody else is told of it', async () => {
  bench = await openBench(['invite', 'options']);
  const phone = await bench.phone();
  phone.send(response(bench.sipPort));
  phone.request({});
  expect((await bench.app.told()).line).toMatch(/^OPTIONS /);
});

test('a dialog whose application has gone goes on with another', async () => {
  bench = await openBench(['invite']);
  const phone = await bench.phone();
  const call = { callId: 'orphan', fromTag: 'theirs' };
  phone.request({ ...call, method: 'INVITE' });
  await phone.next();
  await bench.app.answer(await bench.app.told(), '200 OK');
  const tag = toTag(await phone.next());
  phone.request({ ...call, method: 'ACK', toTag: tag });
  const { dialogId } = await bench.app.told();
  const other = await bench.connect('info', 'bye');
  bench.app.close();
  await expect.poll(() => bench.engine.stats().apps).toBe(1);
  phone.request({ ...call, method: 'INFO', cseq: 2, toTag: tag });
  const info = await other.told();
  expect([info.dialogId, info.line.split(' ')[0]]).toEqual([dialogId, 'INFO']);
  await other.answer(info, '200 OK');
  expect(startLine(await phone.next())).toBe('SIP/2.0 200 OK');
  // And it can end it by the name it was told.
  await other.request('BYE sip:placeholder', { about: `|${dialogId}` });
  phone.answer(await phone.next(), '200 OK');
  expect((await other.told()).line).toBe('SIP/2.0 200 OK');
  expect(bench.engine.stats().dialogs).toBe(0);
});
