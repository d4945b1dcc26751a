import { Bus } from '@callweave/bus';
import { authProfile } from '@callweave/contracts';
import { type RunningService, type ServiceContext } from '@callweave/service';
import { openAccountStore } from './account-store.ts';
import { Challenger } from './challenge.ts';
import { type Config } from './config.ts';
import { NonceKeys } from './key-ring.ts';
import { NonceWindow } from './nonce-window.ts';
import { answerExists } from './exists.ts';
import { answerVerify } from './verify.ts';

/** Nonces whose counts are remembered: 5 minutes of 1,000 authenticated requests a second. */
const WINDOW_CAPACITY = 300_000;

/** The composition root: the only file that knows which part is given to which. */
export async function startAuth(context: ServiceContext<Config>): Promise<RunningService> {
  const { log, clock, instance } = context;
  const { nonceSec, keyRotationSec } = context.config;
  const bus = await Bus.connectService(authProfile, context);
  const keys = await NonceKeys.open({ bus, clock, log, rotationSec: keyRotationSec });
  const accounts = await openAccountStore(bus, clock);
  const challenger = new Challenger({ instance, accounts, keys, clock });
  const window = new NonceWindow(WINDOW_CAPACITY);
  const verifier = { instance, accounts, keys, challenger, window, nonceMs: nonceSec * 1000, clock, log };
  await bus.serve([challenger.answer(), answerVerify(verifier), answerExists(accounts)]);

  return {
    notReady: () => bus.notReady(),
    drain: async () => {
      keys.stop();
      await bus.drain();
    },
    stop: () => bus.close(),
  };
}
