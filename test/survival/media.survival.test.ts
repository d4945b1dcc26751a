import { describe, expect, test, type TestContext } from 'vitest';
import '../support/survival-field.ts';
import { halt, HALTING } from '../support/halting.ts';
import { CALLS, type MediaNode, type Survived, TwoMediaNodes } from '../support/two-media-nodes.ts';
import { until } from '../support/until.ts';

/** Longer than it takes to see it. */
const ON_THE_WAY_MS = 1_000;

const nodes = new TwoMediaNodes();

async function eachCallIsOnOneNode(): Promise<void> {
  await until('each call is on one node', async () => (await nodes.sessions()) === CALLS);
}

describe('calls by way of two rtpengines', () => {
  test.for([1, 2, 3, 4, 5])(
    'go on when one is killed, and it comes back without them (%i)',
    async (_round, context) => {
      const survived = await nodes.talkThrough((node) => node.kill());
      note(context, survived, ['killed', 'SIGKILL']);
      await survived.node.restart();
      await nodes.expectAllWell(survived);
    },
  );

  test.for([1, 2, 3])(
    'go on when one is killed and started anew at once, so that nobody misses it (%i)',
    async (_round, context) => {
      const survived = await nodes.talkThrough((node) => node.restart());
      note(context, survived);
      await eachCallIsOnOneNode();
      await nodes.expectAllWell(survived);
    },
  );

  test.for([1, 2, 3])('go on when one freezes, which forgets them when it wakes up (%i)', async (_round, context) => {
    const survived = await nodes.talkThrough((node) => node.freeze());
    note(context, survived, ['frozen', 'SIGSTOP, and SIGCONT later']);
    survived.node.thaw();
    await eachCallIsOnOneNode();
    await nodes.expectAllWell(survived);
  });

  test.for([1, 2, 3])(
    'go on when one cannot be controlled any more, which forgets them when it can (%i)',
    async (_round, context) => {
      const survived = await nodes.talkThrough((node) => node.cut());
      note(context, survived, ['cut off', 'its control port, while it goes on to relay']);
      survived.node.mend();
      await eachCallIsOnOneNode();
      await nodes.expectAllWell(survived);
    },
  );

  test('go on when one is slow', async (context) => {
    let end = (): void => undefined;
    try {
      const survived = await nodes.talkOn((node) => {
        end = halt((signal) => node.signal(signal));
      });
      note(context, survived, ['slow', HALTING]);
      end();
      await nodes.expectAllWell(survived);
    } finally {
      end();
    }
  });

  test('wait for one when both are killed, and go on when it is back', async (context) => {
    const survived = await nodes.talkThrough(async (node) => {
      await Promise.all(nodes.all.map((each) => each.kill()));
      await until('the calls wait', async () => (await nodes.stranded()) === CALLS);
      await node.restart();
    });
    note(context, survived);
    await Promise.all(nodes.all.filter((each) => each !== survived.node).map((each) => each.restart()));
    await nodes.expectAllWell(survived);
  });

  test('go on when their edge dies with their rtpengine, by way of the edge that takes them over', async (context) => {
    const survived = await nodes.talkThrough(async (node: MediaNode) => {
      await Promise.all([node.kill(), nodes.platform.kill('edge-signaling-1')]);
    });
    note(context, survived);
    await survived.node.restart();
    await nodes.expectAllWell(survived);
    expect(await nodes.stranded()).toBe(0);
  });

  test.for([1, 2, 3])(
    'go on when their edge dies while it moves them, and leave nothing behind (%i)',
    async (_round, context) => {
      const { platform } = nodes;
      const survived = await nodes.talkThrough(async (node) => {
        await nodes.delayInvites(ON_THE_WAY_MS);
        await node.kill();
        await until('a call is being moved', async () => (await nodes.strangers()) > 0);
        await platform.kill('edge-signaling-1');
      });
      note(context, survived);
      await survived.node.restart();
      await nodes.expectAllWell(survived);
    },
  );
});

/** For the report of `npm run verify -- survival`, and for its matrix when the test is a field of it. */
function note(
  { task }: TestContext,
  { silence }: Survived,
  [way, how]: readonly [way?: string, how?: string] = [],
): void {
  task.meta.silentMs = silence;
  if (way !== undefined) task.meta.survival = { who: 'an rtpengine of two', way, how: how ?? '', calls: CALLS };
}
