import { Bus } from '@callweave/bus';
import { keepAlive, keepAliveByAny, locationBucket, registrarProfile } from '@callweave/contracts';
import { type RunningService, type ServiceContext } from '@callweave/service';
import { type Config } from './config.ts';
import { ExpirySweeper } from './expiry-sweeper.ts';
import { answerList, answerRemove } from './handle-queries.ts';
import { answerRegister } from './handle-register.ts';
import { type AskingEdges, KeepAlives } from './keep-alives.ts';

/** How long an edge may take to say that it asks devices. */
const ASK_MS = 2_000;

/** The composition root: the only file that knows which part is given to which. */
export async function startRegistrar(context: ServiceContext<Config>): Promise<RunningService> {
  const { config, log, clock, instance } = context;
  const { stateDir, natPingSec: everySec } = config;
  const bus = await Bus.connectService(registrarProfile, context);
  const locations = bus.bucket(locationBucket);
  const publisher = await bus.openPublisher(stateDir);
  const notReady = (): string | undefined => bus.notReady();
  const peers = (): string[] => bus.peers();
  const sweeper = new ExpirySweeper({
    instance,
    peers,
    notReady,
    locations,
    publisher,
    clock,
    log,
  });
  const edges: AskingEdges = {
    ask: async (edge, devices) => {
      const { kind } = await bus.askOnce(keepAlive, { instance: edge }, { devices: [...devices] }, ASK_MS);
      return kind !== 'nobody';
    },
    askAny: (devices) => bus.ask(keepAliveByAny, {}, { devices: [...devices] }, { deadlineMs: ASK_MS }),
  };
  const keepAlives = new KeepAlives({ instance, peers, notReady, edges, everySec, random: Math.random, clock, log });
  bus.watch(locationBucket, {
    onRecord: (key, record) => {
      sweeper.note(key, record);
      keepAlives.note(key, record);
    },
  });
  const queries = { locations, publisher, clock };
  await bus.serve([
    answerRegister({ locations, publisher, limits: config, clock, log }),
    answerList(queries),
    answerRemove(queries),
  ]);

  return {
    notReady,
    drain: async () => {
      sweeper.stop();
      keepAlives.stop();
      await bus.drain();
    },
    stop: () => bus.close(),
  };
}
