import { Bus } from '@callweave/bus';
import { callRoutingProfile } from '@callweave/contracts';
import { type RunningService, type ServiceContext } from '@callweave/service';
import { type Config } from './config.ts';
import { answerRoute } from './route-call.ts';

/** The composition root: the only file that knows which part is given to which. */
export async function startCallRouting({
  config,
  log,
  clock,
  instance,
  version,
}: ServiceContext<Config>): Promise<RunningService> {
  const { natsUrl, natsUser, natsPassword } = config;
  const bus = await Bus.connect({
    url: natsUrl,
    user: natsUser,
    password: natsPassword?.reveal(),
    profile: callRoutingProfile,
    instance,
    version,
    clock,
    log,
  });
  await bus.serve([answerRoute({ plan: config, log })]);

  return {
    notReady: () => bus.notReady(),
    drain: () => bus.drain(),
    stop: () => bus.close(),
  };
}
