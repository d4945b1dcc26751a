import { openCalls } from './call-facts.ts';
import { PACKETS_PER_SEC, packetsFrom } from './media-sessions.ts';
import { type PhonePlatform } from './phone-platform.ts';
import { until } from './until.ts';

/** Packets that came from one side of the call so far. */
async function packets({ bus, platform }: PhonePlatform, side: 'caller' | 'callee'): Promise<number> {
  const [call] = await openCalls(bus);
  const leg = call?.legs[side === 'caller' ? 0 : 1] ?? '';
  return (await packetsFrom(platform, call?.mediaId ?? call?.callId ?? '')).get(leg) ?? 0;
}

/** Waits for a second of speech more than there was. */
export async function talks(phones: PhonePlatform, side: 'caller' | 'callee'): Promise<void> {
  const known = await packets(phones, side);
  await until(`the ${side} talks`, async () => (await packets(phones, side)) > known + PACKETS_PER_SEC);
}

/** Waits until no packet comes any more, where one came every 20 ms. */
export async function isSilent(phones: PhonePlatform, side: 'caller' | 'callee'): Promise<void> {
  let known = -1;
  let unchanged = 0;
  await until(`the ${side} is silent`, async () => {
    const count = await packets(phones, side);
    unchanged = count === known ? unchanged + 1 : 0;
    known = count;
    return unchanged === 20;
  });
}
