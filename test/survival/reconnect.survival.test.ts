import { testCertificate } from '@callweave/sip-engine/testing';
import { describe, expect, test } from 'vitest';
import { ConnectedEdges } from '../support/connected-edges.ts';
import { halt } from '../support/halting.ts';
import { hears, receives } from '../support/phone-platform.ts';
import { temporaryFiles } from '../support/temporary-files.ts';
import { until } from '../support/until.ts';

const ALICE_HZ = 700;
const BOB_HZ = 1_000;

const put = temporaryFiles();
const certificate = testCertificate('sip.example.com');
const tlsFlags = [
  ...['--cert-file', put('cert.pem', certificate.cert)],
  ...['--key-file', put('key.pem', certificate.key)],
];

/** How often a phone is told anew what the session is. */
const CHANGE = 'CALL_REMOTE_SDP';

const transports = [
  ['TCP', 'tcp', []],
  ['TLS', 'tls', tlsFlags],
] as const;
const roles = ['caller', 'callee'] as const;

/** Longer than a phone takes to register anew. */
const AWAY_MS = 120_000;

/** Everything works that a phone with a connection may do in a call after `blow`; if that tells so, the phone comes back first. */
async function goesOn(
  edges: ConnectedEdges,
  transport: 'tcp' | 'tls',
  role: (typeof roles)[number],
  blow: () => boolean | Promise<boolean>,
): Promise<void> {
  const bob = await edges.phone('bob', { toneHz: BOB_HZ });
  const alice = await edges.phone('alice', { transport, toneHz: ALICE_HZ, regintSec: 60 });
  if (role === 'caller') alice.command('dial', `sip:bob@${edges.connected};transport=${transport}`);
  else bob.command('dial', `sip:alice@${edges.registrar}`);
  await Promise.all([alice, bob].map((phone) => phone.waitFor('CALL_ESTABLISHED')));
  await Promise.all([hears(alice, BOB_HZ), hears(bob, ALICE_HZ)]);
  const registered = alice.events.filter(({ type }) => type === 'REGISTER_OK').length;
  const changed = alice.events.filter(({ type }) => type === CHANGE).length;
  const { connections } = edges;
  const isLost = await blow();
  const isBack = (): boolean => alice.events.filter(({ type }) => type === 'REGISTER_OK').length > registered;
  if (isLost) await until('it has registered anew', isBack, 150_000);
  bob.command('hold');
  await alice.waitFor(CHANGE, changed + 1);
  await edges.toldUntil('held');
  bob.command('resume');
  await alice.waitFor(CHANGE, changed + 2);
  await edges.toldUntil('resumed');
  await Promise.all([alice, bob].map(receives));
  bob.command('hangup');
  await alice.waitFor('CALL_CLOSED');
  const told = ['initiated', 'routed', 'ringing', 'answered', 'held', 'resumed', 'ended'];
  expect(await edges.toldUntil('ended')).toEqual(told);
  expect(edges.connections > connections).toBe(isLost);
  await Promise.all([alice.quit(), bob.quit()]);
}

describe.each(transports)('by %s', (_name, transport, flags) => {
  const edges = new ConnectedEdges(transport, flags);

  test.each(roles)(
    'a phone whose edge dies, the %s, registers anew, is put on hold and taken back, and is hung up on',
    (role) =>
      goesOn(edges, transport, role, async () => {
        edges.leadAway();
        await edges.first.kill();
        return true;
      }),
  );

  test.each(roles)('the same when its edge and engine freeze, and whoever leads to them hangs up, the %s', (role) =>
    goesOn(edges, transport, role, () => {
      edges.leadAway();
      edges.first.signal('SIGSTOP');
      edges.hangUp();
      return true;
    }),
  );

  test.each(roles)('the same when its edge is cut off from the bus, and whoever leads to it hangs up, the %s', (role) =>
    goesOn(edges, transport, role, async () => {
      edges.leadAway();
      await edges.cutOff(AWAY_MS);
      edges.hangUp();
      return true;
    }),
  );

  test.each(roles)(
    'the %s keeps its connection while its edge and engine are slow, and all of it works',
    async (role) => {
      let end = (): void => undefined;
      try {
        await goesOn(edges, transport, role, () => {
          end = halt((signal) => edges.first.signal(signal));
          return false;
        });
      } finally {
        end();
      }
    },
  );
});
