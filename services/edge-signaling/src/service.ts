import { Bus } from '@callweave/bus';
import { edgeProfile } from '@callweave/contracts';
import { type RunningService, type ServiceContext } from '@callweave/service';
import { EngineLink } from '@callweave/srf';
import { gauge } from '@callweave/telemetry';
import { busAuthenticator, busRegistrar } from './bus-ports.ts';
import { type Config } from './config.ts';
import { engineIdentity } from './engine-identity.ts';
import { openFlowKey } from './flow-key.ts';
import { sealFlow } from './flow-token.ts';
import { optionsHandler } from './handle-options.ts';
import { registersHeld } from './metrics.ts';
import { observed } from './observe.ts';
import { RegisterHandler } from './register/handle-register.ts';
import { openTenants } from './tenants.ts';

/** The composition root: the only file that knows which part is given to which. */
export async function startEdge({
  config,
  log,
  clock,
  instance,
  version,
}: ServiceContext<Config>): Promise<RunningService> {
  const { natsUrl, natsUser, natsPassword, stateDir, engine, engineSecret } = config;
  const bus = await Bus.connect({
    url: natsUrl,
    user: natsUser,
    password: natsPassword?.reveal(),
    profile: edgeProfile,
    instance,
    version,
    clock,
    log,
  });
  const flowKey = await openFlowKey(bus, clock);
  const link = new EngineLink({ address: engine, secret: engineSecret.reveal(), log });
  let draining = false;
  let engineInstance = engineIdentity(undefined, stateDir);
  link.onConnect((info) => (engineInstance = engineIdentity(info.instance, stateDir)));
  const notReady = (): string | undefined => (draining ? 'draining' : (bus.notReady() ?? link.notReady()));

  const registers = new RegisterHandler({
    authenticator: busAuthenticator(bus, log),
    registrar: busRegistrar(bus, log),
    tenants: openTenants(bus),
    notReady,
    engineInstance: () => engineInstance,
    ownAddress: () => link.info?.contacts[0]?.hostPort ?? engine,
    sealFlow: (flow) => sealFlow(flow, flowKey),
    clock,
  });
  gauge(registersHeld, () => registers.held);
  link.onRequest(
    'REGISTER',
    observed('REGISTER', (request) => registers.handle(request)),
  );
  link.onRequest('OPTIONS', observed('OPTIONS', optionsHandler(notReady)));
  await bus.serve();
  link.connect();

  return {
    notReady,
    drain: async () => {
      draining = true;
      await registers.idle();
      await bus.drain();
    },
    stop: async () => {
      link.close();
      await bus.close();
    },
  };
}
