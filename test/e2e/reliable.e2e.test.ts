import { expect, test } from 'vitest';
import { PhonePlatform } from '../support/phone-platform.ts';
import { runSippPair } from '../support/sipp-pair.ts';

const phones = new PhonePlatform();

test('two gateways that insist on it have every provisional response acknowledged, and the answer is the one before the 200', async () => {
  await runSippPair(phones, { asks: 'call-reliably', answers: 'reliable-early-media', talkMs: 2_000 });
  expect(await phones.toldInAll()).toEqual(['initiated', 'routed', 'ringing', 'answered', 'ended']);
});
