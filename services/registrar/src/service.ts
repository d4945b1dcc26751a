import { Bus } from '@callweave/bus';
import { locationBucket, registrarProfile } from '@callweave/contracts';
import { type RunningService, type ServiceContext } from '@callweave/service';
import { type Config } from './config.ts';
import { ExpirySweeper } from './expiry-sweeper.ts';
import { answerList, answerRemove } from './handle-queries.ts';
import { answerRegister } from './handle-register.ts';

/** The composition root: the only file that knows which part is given to which. */
export async function startRegistrar(context: ServiceContext<Config>): Promise<RunningService> {
  const { config, log, clock, instance } = context;
  const { stateDir } = config;
  const bus = await Bus.connectService(registrarProfile, context);
  const locations = bus.bucket(locationBucket);
  const publisher = await bus.openPublisher(stateDir);
  const sweeper = new ExpirySweeper({
    instance,
    peers: () => bus.peers(),
    notReady: () => bus.notReady(),
    locations,
    publisher,
    clock,
    log,
  });
  bus.watch(locationBucket, { onRecord: (key, record) => sweeper.note(key, record) });
  const queries = { locations, publisher, clock };
  await bus.serve([
    answerRegister({ locations, publisher, limits: config, clock, log }),
    answerList(queries),
    answerRemove(queries),
  ]);

  return {
    notReady: () => bus.notReady(),
    drain: async () => {
      sweeper.stop();
      await bus.drain();
    },
    stop: () => bus.close(),
  };
}
