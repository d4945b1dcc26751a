import { expect, test } from 'vitest';
import { banner } from '../src/banner.ts';

const facts = {
  host: '127.0.0.1',
  sides: [{ name: 'public' as const, listen: '127.0.0.1', advertised: '127.0.0.1', networks: [] }],
  sip: ['127.0.0.1:5060', '127.0.0.1:5062'],
  ws: ['ws://127.0.0.1:5066', 'ws://127.0.0.1:5067'],
  listeners: [],
  accounts: [{ user: 'alice', password: 'secret1', domain: '127.0.0.1' }],
  nats: { url: 'nats://127.0.0.1:4222', user: 'operator', password: 'secret2' },
  rtpengine: '127.0.0.1:2223',
  console: { url: 'http://127.0.0.1:8060/', token: 'secret3' },
  stateDir: '/state',
  platformFile: '/state/platform.json',
};

test('what runs is told with addresses, accounts, and how to register and watch', () => {
  expect(banner(facts).split('\n')).toEqual([
    '',
    'Callweave is ready.',
    '',
    '  SIP          127.0.0.1:5060, 127.0.0.1:5062  (UDP and TCP)',
    '  browsers     ws://127.0.0.1:5066, ws://127.0.0.1:5067  (SIP over websockets)',
    '  alice        password secret1',
    '  console      http://127.0.0.1:8060/#token=secret3',
    '  register     a phone with user and password of an account, domain and registrar 127.0.0.1:5060',
    "  NATS         nats://127.0.0.1:4222  (operator's credentials: /state/platform.json)",
    '  rtpengine    127.0.0.1:2223',
    "  watch        nats --server nats://127.0.0.1:4222 --user operator --password secret2 sub 'callweave.registration.>'",
    '  look         npx callweave registrations · npx callweave doctor',
    '  state, logs  /state',
    '  stop         Ctrl-C',
    '',
  ]);
});

test('who is told which address is shown where that is not the same for all', () => {
  const inner = { name: 'private' as const, listen: '10.0.0.5', advertised: '10.0.0.5', networks: ['10.0.0.0/8'] };
  expect(banner({ ...facts, sides: [inner, ...facts.sides] })).toContain(
    '  told         10.0.0.0/8 → 10.0.0.5; everybody else → 127.0.0.1\n',
  );
});

test('a bus without users is shown without', () => {
  expect(banner({ ...facts, nats: { url: 'nats://10.0.0.1:4222' } })).toContain(
    "nats --server nats://10.0.0.1:4222 sub 'callweave.registration.>'",
  );
});

test('where traces go is told, if they go anywhere', () => {
  expect(banner({ ...facts, traces: 'http://127.0.0.1:4318' })).toContain('  traces       to http://127.0.0.1:4318\n');
});
