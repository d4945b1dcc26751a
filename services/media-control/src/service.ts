import { Bus } from '@callweave/bus';
import { InstanceId, mediaControlProfile } from '@callweave/contracts';
import { type RunningService, type ServiceContext } from '@callweave/service';
import { gauge } from '@callweave/telemetry';
import { answerAnswer } from './answer.ts';
import { type Config } from './config.ts';
import { mediaSessions, nodesConfigured, nodesUp } from './metrics.ts';
import { NodePool } from './node-pool.ts';
import { answerOffer } from './offer.ts';
import { answerNodes, answerQuery } from './query.ts';
import { answerRelease } from './release.ts';
import { busObservers } from './other-observers.ts';
import { rtpengineNode } from './rtpengine-node.ts';
import { Verdicts } from './verdicts.ts';
import { WakeGuard } from './wake-guard.ts';

/** The composition root: the only file that knows which part is given to which. */
export async function startMediaControl(context: ServiceContext<Config>): Promise<RunningService> {
  const { log, clock, instance } = context;
  const { rtpengines, stateDir } = context.config;
  const bus = await Bus.connectService(mediaControlProfile, context);
  const observer = InstanceId.parse(instance);
  const publisher = await bus.openPublisher(stateDir);
  const verdicts = new Verdicts({ others: busObservers(bus, observer, log), publisher, observer, clock, log });
  const nodes = rtpengines.map((address) => rtpengineNode(address, { clock, log, faults: bus.faults }));
  const pool = await NodePool.open(nodes, { clock, log, events: verdicts });
  gauge(nodesUp, () => pool.upCount);
  gauge(nodesConfigured, () => pool.nodes.length);
  gauge(mediaSessions, () => pool.sessions);
  const guard = new WakeGuard(clock);
  const hasPeers = (): boolean => bus.peers().some((peer) => peer !== instance);
  const deps = { pool, clock, log, mayBeStale: () => guard.hasJustWoken && hasPeers() };
  await bus.serve([
    answerOffer(deps),
    answerAnswer(deps),
    answerRelease(deps),
    answerQuery(deps),
    answerNodes({ pool, observer }),
  ]);

  return {
    notReady: () => bus.notReady(),
    drain: async () => {
      await bus.drain();
      // What nodes still have to be told dies with us.
      await pool.lookAtAll();
    },
    stop: async () => {
      guard.stop();
      verdicts.stop();
      pool.close();
      await bus.close();
    },
  };
}
