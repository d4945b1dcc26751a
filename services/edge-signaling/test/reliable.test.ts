import { expect, test } from 'vitest';
import { type FakeCall, fakeRequest, placed, response } from './fake-call.ts';

/** A reliable 183 of the device, with a session description. */
function reliable(fake: FakeCall, rseq: number, tag = 'device'): void {
  const headers: Record<string, string> = { require: '100rel', rseq: String(rseq), to: `<sip:b@d>;tag=${tag}` };
  const plain = response(183, () => fake.seen.push('sent PRACK'), `v=0 of ${tag}`);
  const header = (name: string): string | undefined => headers[name.toLowerCase()] ?? plain.header(name);
  fake.invited[0]?.events.responded({ ...plain, header });
}

test('a device is told that reliable responses are understood, unless it is to make the offer', async () => {
  const usual = await placed();
  expect(usual.invited[0]?.request.headers).toMatchObject({ Supported: '100rel, norefersub, replaces' });
  const offerless = await placed({ offer: 'none' });
  expect(offerless.invited[0]?.request.headers).toMatchObject({ Supported: 'norefersub, replaces' });
});

test('a reliable response is acknowledged once, one heard before and one that comes too early are passed over', async () => {
  const fake = await placed();
  for (const rseq of [7, 7, 9, 8]) reliable(fake, rseq);
  reliable(fake, 20, 'another-fork');
  expect(fake.seen.filter((seen) => seen === 'sent PRACK')).toHaveLength(3);
});

test('an answer that was given reliably need not be repeated in the 200', async () => {
  const fake = await placed();
  reliable(fake, 7);
  await fake.settle();
  fake.invited[0]?.events.responded({ ...response(200, () => fake.seen.push('sent ACK')), body: undefined });
  await fake.settle();
  expect(fake.seen).toContain('caller 200 v=0 answered');
});

test('a 200 without any description fails the call', async () => {
  const fake = await placed();
  fake.invited[0]?.events.responded({ ...response(200, () => fake.seen.push('sent ACK')), body: undefined });
  await fake.settle();
  expect(fake.seen).toContain('caller 500');
});

test('a PRACK is accepted, and refused when it offers something anew', async () => {
  const fake = await placed();
  await fake.call.caller.receive({
    ...fakeRequest('PRACK', ({ status }) => fake.seen.push(`PRACK ${String(status)}`)),
    body: undefined,
  });
  await fake.call.caller.receive(fakeRequest('PRACK', ({ status }) => fake.seen.push(`PRACK ${String(status)}`)));
  expect(fake.seen.slice(-2)).toEqual(['PRACK 200', 'PRACK 488']);
});
