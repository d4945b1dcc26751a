import { type IncomingResponse } from '@callweave/srf';
import { describe, expect, test } from 'vitest';
import { placed, response } from './fake-call.ts';

describe('a call to several devices at once', () => {
  const elsewhere = 'sent CANCEL SIP;cause=200;text="Call completed elsewhere"';

  test('is that of the first to answer; the others are told that it was taken elsewhere', async () => {
    const fake = await placed({ devices: 3 });
    expect(fake.seen.slice(3)).toEqual(['sent INVITE', 'sent INVITE', 'sent INVITE']);
    for (const { events } of fake.invited) events.responded(response(180));
    fake.invited[1]?.events.responded(response(200, () => fake.seen.push('sent ACK')));
    await fake.settle();
    expect(fake.seen.slice(6)).toEqual([
      'told ringing',
      ...['caller 180', 'caller 180', 'caller 180'],
      ...['sent ACK', elsewhere, elsewhere],
      ...['told answered', 'kept', 'caller 200 v=0 answered', 'disposed'],
    ]);
  });

  test('acknowledges and hangs up a device that answers too late', async () => {
    const fake = await placed({ devices: 2 });
    fake.invited[0]?.events.responded(response(200));
    fake.invited[1]?.events.responded(response(200, () => fake.seen.push('sent late ACK')));
    await fake.settle();
    expect(fake.seen.filter((line) => line.startsWith('caller 200'))).toHaveLength(1);
    expect(fake.seen.slice(fake.seen.indexOf('sent late ACK')).slice(0, 2)).toEqual(['sent late ACK', 'sent BYE']);
  });

  test('rings on when one is busy, and is refused with the best reason when all have failed', async () => {
    const fake = await placed({ devices: 3 });
    fake.invited[0]?.events.responded(response(500));
    fake.invited[1]?.events.responded(response(486));
    await fake.settle();
    expect(fake.seen.at(-1)).toBe('sent INVITE');
    fake.invited[2]?.events.responded(response(408));
    await fake.settle();
    expect(fake.seen).toContain('caller 486');
    expect(fake.seen).toContain('told failed callee busy');
  });

  test('is over at once when one declines for all, and nobody else is called', async () => {
    const fake = await placed({ devices: 2 });
    fake.invited[0]?.events.responded(response(603));
    await fake.settle();
    expect(fake.seen.slice(-6)).toEqual([
      ...['sent CANCEL', 'caller 603', 'released', 'told failed callee declined', 'abandoned', 'disposed'],
    ]);
  });

  test('that the caller gives up is cancelled at all of them', async () => {
    const fake = await placed({ devices: 2 });
    fake.cancel();
    await fake.settle();
    expect(fake.seen.filter((line) => line === 'sent CANCEL')).toHaveLength(2);
  });
});

describe('a device that sends its calls elsewhere', () => {
  const moved = (contact: string): IncomingResponse => ({
    ...response(302),
    header: (name) => (name === 'contact' ? contact : undefined),
  });
  test('sends them where its user could call, and whoever is called is told by whom', async () => {
    const fake = await placed();
    fake.invited[0]?.events.responded(moved('<sip:c@d>;q=0.1, "the boss" <sip:%64@d>'));
    await fake.settle();
    expect(fake.routed).toEqual(['a dials b', 'b dials d']);
    expect(fake.invited[1]?.request.headers).toMatchObject({ Diversion: '<sip:b@d>;reason=deflection' });
    fake.invited[1]?.events.responded(response(200));
    await fake.settle();
    expect(fake.seen).toContain('caller 200 v=0 answered');
  });

  test('to nowhere is not reached, in a circle is refused, and after five others nobody follows', async () => {
    const nowhere = await placed();
    nowhere.invited[0]?.events.responded(moved('<mailto:b@d>, <sip:d>'));
    await nowhere.settle();
    expect(nowhere.seen).toContain('caller 480');
    const circle = await placed();
    circle.invited[0]?.events.responded(moved('<sip:c@d>'));
    await circle.settle();
    circle.invited[1]?.events.responded(moved('<sip:b@d>'));
    await circle.settle();
    expect(circle.seen).toContain('caller 482');
    const chain = await placed();
    for (let turn = 0; turn < 10; turn++) {
      chain.invited[turn]?.events.responded(moved(`<sip:c${String(turn)}@d>`));
      await chain.settle();
    }
    expect(chain.seen).toContain('caller 480');
    expect(chain.routed).toHaveLength(6);
  });
});
