import { Bus } from '@callweave/bus';
import { edgeProfile } from '@callweave/contracts';
import { type RunningService, type ServiceContext } from '@callweave/service';
import { EngineLink } from '@callweave/srf';
import { gauge } from '@callweave/telemetry';
import { busAuthenticator, busRegistrar } from './bus-ports.ts';
import { busLocator, busMedia, busRouter } from './call/call-bus-ports.ts';
import { openCallRecords } from './call/call-records.ts';
import { journalTeller } from './call/journal-teller.ts';
import { tracedTeller } from './call/traced-teller.ts';
import { type Config } from './config.ts';
import { engineIdentity } from './engine-identity.ts';
import { openFlowKey } from './flow-key.ts';
import { openFlow, sealFlow } from './flow-token.ts';
import { optionsHandler } from './handle-options.ts';
import { inDialogHandler } from './invite/handle-in-dialog.ts';
import { InviteHandler } from './invite/handle-invite.ts';
import { LegTable } from './leg/leg.ts';
import { activeCalls, registersHeld } from './metrics.ts';
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
  const { natsUrl, natsUser, natsPassword, stateDir, engine, engineSecret, applicationServer } = config;
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
  const tenants = openTenants(bus);
  const notReady = (): string | undefined => {
    if (draining) return 'draining';
    if (!tenants.isKnown()) return 'the tenants are not known yet';
    return bus.notReady() ?? link.notReady();
  };

  const authenticator = busAuthenticator(bus, log);
  const registers = new RegisterHandler({
    authenticator,
    registrar: busRegistrar(bus, log),
    tenants,
    notReady,
    engineInstance: () => engineInstance,
    ownAddress: (transport) => {
      const contacts = link.info?.contacts ?? [];
      return (contacts.find((contact) => contact.transport === transport) ?? contacts[0])?.hostPort ?? engine;
    },
    sealFlow: (flow) => sealFlow(flow, flowKey),
    clock,
  });
  gauge(registersHeld, () => registers.held);
  const publisher = await bus.openPublisher(stateDir);
  const ports = { bus, log };
  const legs = new LegTable();
  const records = openCallRecords(bus, () => engineInstance, log);
  const invites = new InviteHandler({
    authenticator,
    tenants,
    notReady,
    router: busRouter(ports),
    locator: busLocator(ports),
    media: busMedia(ports),
    flows: { open: (token) => openFlow(token, flowKey), instance: () => engineInstance },
    openTeller: (facts) => tracedTeller(journalTeller(publisher, engineInstance, facts), clock),
    legs,
    send: (request, events) => link.send(request, events),
    applicationServer: () => applicationServer,
    keep: (call) => records.keep(call),
    forget: (call) => records.forget(call),
    clock,
    log,
  });
  gauge(activeCalls, () => invites.active);
  link.onInDialog(inDialogHandler(legs));
  link.onRequest(
    'INVITE',
    observed('INVITE', (request) => invites.handle(request)),
  );
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
      await Promise.all([registers.idle(), invites.idle()]);
      await bus.drain();
    },
    stop: async () => {
      link.close();
      await bus.close();
    },
  };
}
