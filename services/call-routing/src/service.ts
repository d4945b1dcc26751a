import { Bus } from '@callweave/bus';
import { callRoutingProfile } from '@callweave/contracts';
import { type RunningService, type ServiceContext } from '@callweave/service';
import { type Config } from './config.ts';
import { answerRoute } from './route-call.ts';
import { openUserSettings } from './user-settings.ts';

/** The composition root: the only file that knows which part is given to which. */
export async function startCallRouting(context: ServiceContext<Config>): Promise<RunningService> {
  const { config, log } = context;
  const bus = await Bus.connectService(callRoutingProfile, context);
  const settings = await openUserSettings(bus);
  await bus.serve([answerRoute({ plan: config, settings, log })]);

  return {
    notReady: () => bus.notReady(),
    drain: () => bus.drain(),
    stop: () => bus.close(),
  };
}
