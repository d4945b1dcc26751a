import { expect, test } from 'vitest';
import { ConnectedBrowser } from '../support/connected-browser.ts';
import { ConnectedEdges } from '../support/connected-edges.ts';
import { halt } from '../support/halting.ts';

const edges = new ConnectedEdges('ws');
const phones = new ConnectedBrowser(edges);

/** Longer than a browser takes to register anew. */
const AWAY_MS = 120_000;
const ALL = ['initiated', 'routed', 'ringing', 'answered', 'held', 'resumed', 'ended'];

const blows = {
  die: () => edges.first.kill(),
  freeze: () => edges.first.signal('SIGSTOP'),
  'are cut off from the bus': () => edges.cutOff(AWAY_MS),
};

async function beCalled(role: 'caller' | 'callee'): Promise<void> {
  if (role === 'caller') await phones.alice.call('bob');
  else phones.bob.command('dial', `sip:alice@${edges.registrar}`);
  await phones.talk();
}

test.for([
  ['die', 'caller'],
  ['die', 'callee'],
  ['freeze', 'caller'],
  ['freeze', 'callee'],
  ['are cut off from the bus', 'caller'],
  ['are cut off from the bus', 'callee'],
] as const)(
  'a browser whose edge and engine %s, and who is hung up by whoever leads to them, the %s, comes back, and all of it works',
  async ([way, role]) => {
    await beCalled(role);
    edges.leadAway();
    await blows[way]();
    edges.hangUp();
    await phones.alice.waitFor('registered', 2);
    expect(await phones.holdAndHangUp(() => phones.resume())).toEqual(ALL);
  },
);

test.each(['caller', 'callee'] as const)(
  'a browser whose edge and engine are slow, the %s, keeps its connection, and all of it works',
  async (role) => {
    await beCalled(role);
    const { connections } = edges;
    const end = halt((signal) => edges.first.signal(signal));
    try {
      expect(await phones.holdAndHangUp(() => phones.resume())).toEqual(ALL);
      expect(edges.connections).toBe(connections);
    } finally {
      end();
    }
  },
);
