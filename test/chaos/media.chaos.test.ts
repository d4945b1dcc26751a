import { expect, test } from 'vitest';
import { TwoMediaNodes } from '../support/two-media-nodes.ts';

const nodes = new TwoMediaNodes();

test('when an rtpengine is killed, its calls are heard again by way of the other, and end as if nothing had been', async ({
  annotate,
}) => {
  const survived = await nodes.talkThrough((node) => node.kill());
  await annotate(JSON.stringify(survived.silence));
  await nodes.expectAllWell(survived);
  expect(await nodes.moved()).toBeGreaterThan(0);
});
