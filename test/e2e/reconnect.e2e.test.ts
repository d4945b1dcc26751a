import { expect, test } from 'vitest';
import { ConnectedBrowser } from '../support/connected-browser.ts';
import { ConnectedEdges } from '../support/connected-edges.ts';
import { until } from '../support/until.ts';

const edges = new ConnectedEdges('ws');
const phones = new ConnectedBrowser(edges);

test('a browser whose edge dies connects and registers anew, is put on hold and taken back, and is hung up on', async () => {
  await phones.alice.call('bob');
  await phones.talk();
  edges.leadAway();
  await edges.first.kill();
  await phones.alice.waitFor('registered', 2);
  const told = await phones.holdAndHangUp(() => phones.resume());
  expect(told).toEqual(['initiated', 'routed', 'ringing', 'answered', 'held', 'resumed', 'ended']);
}, 180_000);

test('a browser that is called by way of another edge, and whose own dies, comes back and is hung up on', async () => {
  edges.leadDatagramsAway();
  phones.bob.command('dial', `sip:alice@${edges.registrar}`);
  await phones.talk();
  edges.leadAway();
  await edges.first.kill();
  await phones.alice.waitFor('registered', 2);
  expect(await phones.holdAndHangUp()).toEqual(['initiated', 'routed', 'ringing', 'answered', 'held', 'ended']);
}, 180_000);

test('a browser that comes back by way of another edge, while its own lives on, is still in its call', async () => {
  await phones.alice.call('bob');
  await phones.talk();
  edges.leadAway();
  edges.hangUp();
  await phones.alice.waitFor('registered', 2);
  // Its engine waits 10 s for it.
  await until('its own edge has given the connection up', () => edges.first.logs().includes('call.followed'));
  expect(await phones.holdAndHangUp()).toEqual(['initiated', 'routed', 'ringing', 'answered', 'held', 'ended']);
}, 180_000);
