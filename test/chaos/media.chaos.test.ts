import { expect, test } from 'vitest';
import { CALLS, TwoMediaNodes } from '../support/two-media-nodes.ts';
import { until } from '../support/until.ts';

const nodes = new TwoMediaNodes();

test('when an rtpengine freezes, its calls are heard again by way of the other, and waking up it forgets them', async ({
  annotate,
}) => {
  const survived = await nodes.talkThrough((node) => node.freeze());
  await annotate(JSON.stringify(nodes.summary(survived.gapsMs)));
  survived.node.thaw();
  await until('each call is on one node', async () => (await nodes.sessions()) === CALLS);
  await nodes.expectAllWell(survived);
});

test('when an rtpengine is killed, its calls are heard again by way of the other, and end as if nothing had been', async ({
  annotate,
}) => {
  const survived = await nodes.talkThrough((node) => node.kill());
  await annotate(JSON.stringify(nodes.summary(survived.gapsMs)));
  await nodes.expectAllWell(survived);
  expect(await nodes.moved()).toBeGreaterThan(0);
});
