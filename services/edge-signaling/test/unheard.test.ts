import { expect, test } from 'vitest';
import { createLegId } from '../src/leg/leg-id.ts';
import { UasLeg } from '../src/leg/uas-leg.ts';
import { fakeRequest } from './fake-call.ts';

/** A leg whose answer has been given to an engine, and what that says of it. */
function answeredLeg(): { readonly leg: UasLeg; readonly confirm: () => Promise<void> } {
  let confirm = (): void => undefined;
  const sent = new Promise<void>((resolve) => (confirm = resolve));
  const nothing = (): undefined => undefined;
  const events = { cancelled: nothing, bye: nothing, lost: nothing, acknowledged: nothing, disposed: nothing };
  const leg = new UasLeg(
    { ...fakeRequest('INVITE', nothing), reply: () => sent },
    {
      legId: createLegId(),
      send: () => ({ cancel: nothing }),
      events: { ...events, request: () => Promise.resolve() },
    },
  );
  leg.answer({ status: 200 });
  return {
    leg,
    confirm: async () => {
      confirm();
      await sent;
    },
  };
}

test('a caller may not have heard of an answer until the engine confirms that it has left', async () => {
  const { leg, confirm } = answeredLeg();
  expect(leg.isUnheard).toBe(true);
  await confirm();
  expect(leg.isUnheard).toBe(false);
});

test('a caller who acknowledges an answer has heard of it, whatever the engine says', async () => {
  const { leg } = answeredLeg();
  await leg.receive(fakeRequest('ACK', () => undefined));
  expect(leg.isUnheard).toBe(false);
});
