import { Bus, onFact } from '@callweave/bus';
import {
  type CallId,
  edgeProfile,
  type FlowToken,
  type InstanceId,
  mediaNodeDown,
  type MediaNodeId,
  mediaNodeUp,
  mediaStream,
} from '@callweave/contracts';
import { type RunningService, type ServiceContext } from '@callweave/service';
import { EngineLink, type IncomingRequest } from '@callweave/srf';
import { gauge } from '@callweave/telemetry';
import { busAuthenticator, busRegistrar } from './bus-ports.ts';
import { ApplicationWatch } from './call/application-watch.ts';
import { busLocator, busMedia, busRouter } from './call/call-bus-ports.ts';
import { mediaOf } from './call/direct-media.ts';
import { CallRecords } from './call/call-records.ts';
import { EstablishedCalls } from './call/established-calls.ts';
import { leftCalls } from './call/left-calls.ts';
import { TracedTeller } from './call/traced-teller.ts';
import { type Target } from './call/targets.ts';
import { type Config } from './config.ts';
import { passFaultsOn } from './engine-faults.ts';
import { engineIdentity } from './engine-identity.ts';
import { openFlowKey } from './flow-key.ts';
import { type Flow, openFlow, sealFlow } from './flow-token.ts';
import { optionsHandler } from './handle-options.ts';
import { inDialogHandler } from './invite/handle-in-dialog.ts';
import { InviteHandler } from './invite/handle-invite.ts';
import { LegTable, type SendThrough } from './leg/leg.ts';
import { messageHandler } from './message/handle-message.ts';
import { activeCalls, callsStranded, registersHeld } from './metrics.ts';
import { observed } from './observe.ts';
import { Networks } from './networks.ts';
import { MtuGuardian } from './mtu/guardian.ts';
import { keepAliveAnswers } from './register/keep-alive.ts';
import { flowClosedHandler } from './register/handle-flow-closed.ts';
import { RegisterHandler } from './register/handle-register.ts';
import { ownAddress } from './register/own-address.ts';
import { moveCall } from './re-anchor/move-call.ts';
import { NodeLives } from './re-anchor/node-lives.ts';
import { ReAnchoring } from './re-anchor/re-anchoring.ts';
import { busOtherEdges, placementAnswers } from './remote-leg/other-edges.ts';
import { Placements } from './remote-leg/placements.ts';
import { RemoteEngines } from './remote-leg/remote-engines.ts';
import { Beginnings } from './subscribe/beginnings.ts';
import { subscribeHandler } from './subscribe/handle-subscribe.ts';
import { SubscriptionRelay } from './subscribe/relay.ts';
import { SideSealer } from './subscribe/side.ts';
import { Adopter } from './survive/adopter.ts';
import { edgeAnswers } from './survive/answers.ts';
import { Doubts } from './survive/doubts.ts';
import { LateAnswers } from './survive/late-answers.ts';
import { busPeers } from './survive/peers.ts';
import { strayResponseHandler } from './survive/stray-responses.ts';
import { outlive, standIns } from './survive/outlive.ts';
import { Strays } from './survive/strays.ts';
import { SUCCESSOR_MS, Sweep } from './survive/sweep.ts';
import { Whereabouts } from './survive/whereabouts.ts';
import { openTenants } from './tenants.ts';
import { openTrunks } from './trunks.ts';
import { Resumptions } from './transfer/resumptions.ts';
import { takePlace } from './transfer/take-place.ts';
import { Transfers } from './transfer/transfers.ts';

/** No call whose node was lost longer ago is still up, or none that anybody hears. */
const NODES_LOOK_BACK_SEC = 86_400;

/** The edge, and what it waits for. */
export interface RunningEdge extends RunningService {
  /** Whether a service has been asked and has not answered yet. */
  awaitsAnswers(): boolean;
}

/** The composition root: the only file that knows which part is given to which. */
export async function startEdge(context: ServiceContext<Config>): Promise<RunningEdge> {
  const { log, clock } = context;
  const { stateDir, engine, engineSecret, applicationServer, redirects, mtuExtras, privateNetworks } = context.config;
  const { media: mediaPolicy } = context.config;
  const bus = await Bus.connectService(edgeProfile, context);
  const flowKey = await openFlowKey(bus, clock);
  const link = new EngineLink({ address: engine, secret: engineSecret.reveal(), clock, log });
  let draining = false;
  /** We close the connection to the engine ourselves. */
  let leaving = false;
  let silentSinceMs = Infinity;
  let engineInstance = engineIdentity(undefined, stateDir).instance;
  const owner = (): InstanceId => engineInstance;
  const tenants = openTenants(bus);
  const trunks = openTrunks(bus);
  let isTold = false;
  const notReady = (): string | undefined => {
    if (draining) return 'draining';
    return bus.notReady() ?? (isTold ? undefined : 'tenants and trunks are not known yet') ?? link.notReady();
  };

  const networks = new Networks(privateNetworks);
  const authenticator = busAuthenticator(bus, log);
  const registering = {
    authenticator,
    registrar: busRegistrar(bus, log),
    tenants,
    notReady,
    engineInstance: () => engineInstance,
    ownAddress: (request: IncomingRequest) =>
      ownAddress(link.info?.contacts ?? [], request, networks.ofSource(request.source).side) ?? engine,
    sealFlow: (flow: Flow) => sealFlow(flow, flowKey),
    clock,
    log,
  };
  const registers = new RegisterHandler(registering);
  gauge(registersHeld, () => registers.held);
  const publisher = await bus.openPublisher(stateDir);
  const telling = { publisher, clock };
  const { faults } = bus;
  const ports = { bus, log };
  const legs = new LegTable();
  const guardian = new MtuGuardian({
    send: (request, events) => link.send(request, events),
    extras: mtuExtras,
    clock,
    log,
  });
  const { send } = guardian;
  const edges = busOtherEdges(ports);
  const engines = new RemoteEngines({ edges, owner, clock });
  const sendThrough: SendThrough = (edge) =>
    edge === undefined || edge === owner() ? send : outlive(engines.through(edge), alone, clock);
  const placements = new Placements({ send, edges, notReady, clock });
  const left = leftCalls(publisher, clock);
  const leave = publisher.note.bind(publisher);
  const records: CallRecords = new CallRecords({
    bus,
    owner,
    leave,
    clock,
    log,
  });
  const anchoring = busMedia(ports, clock);
  const media = mediaOf(mediaPolicy, anchoring);
  const calls: EstablishedCalls = new EstablishedCalls({
    media,
    records,
    refer: (request, from, call) => transfers.refer(request, from, call),
    resume: (call, side) => resumptions.resume(call, side),
    follow: (call, side) => adopter.follow(call, side),
    entered: (call) => reAnchoring.consider(call),
    leave,
    faults,
    clock,
    log,
  });
  const alone = standIns(calls, () => adopter);
  const doubts = new Doubts({ calls, records, owner, clock, log });
  const locator = busLocator(ports, clock);
  const flows = { open: (token: FlowToken) => openFlow(token, flowKey), instance: owner };
  const holders = (): string[] => bus.holders();
  const adopter: Adopter = new Adopter({
    records,
    calls,
    legs,
    sendThrough,
    whereabouts: new Whereabouts({ locator, flows, holders }),
    owner,
    isAlive: (engine) => engine === owner() || holders().includes(engine),
    media,
    openTeller: (call) => new TracedTeller(call, call.owner, telling),
    knowsOurTags: () => link.info?.instance !== undefined,
    left,
    outliving: link.outliving,
    clock,
    log,
  });
  const peers = busPeers(bus);
  const lentTo = placements.ownerOf.bind(placements);
  const strays = new Strays({ records, adopter, peers, legs, lentTo, owner, log });
  const reaching = {
    authenticator,
    tenants,
    trunks,
    notReady,
    router: busRouter(ports),
    locator,
    flows,
    applicationServer: () => applicationServer,
    send,
    sendThrough,
    placeOf: (target: Target) => networks.ofTarget(target),
    clock,
  };
  const finding = { legs, calls, doubts, records, peers, adopter, log };
  const transferring = { ...finding, media, networks, random: Math.random };
  const transfers: Transfers = new Transfers({ ...reaching, ...transferring });
  const resumptions: Resumptions = new Resumptions({ ...reaching, ...transferring, answered: calls });
  const invites = new InviteHandler({
    ...reaching,
    redirects,
    networks,
    media,
    openTeller: (call) => new TracedTeller(call, engineInstance, telling),
    legs,
    begin: (call) => records.begin(call),
    leave,
    abandon: (callId, lost) => records.abandon(callId, lost),
    recordOf: (parts, { sequence, detail }) => records.recordOf(parts, sequence, detail),
    acknowledged: (callId) => records.acknowledged(callId),
    establish: (parts, teller) => calls.establish(parts, teller),
    takePlace: (replacement) => takePlace(replacement, { ...transferring, send, clock }),
    faults,
    log,
  });
  publisher.keepNotes(
    (callId) =>
      records.isUnstored(callId) ||
      invites.has(callId) ||
      calls.isEnding(callId) ||
      left.isUnheard(callId) ||
      reAnchoring.isMoving(calls.byId(callId as CallId)),
  );
  const sweep = new Sweep({
    records,
    calls,
    isSetUpHere: (callId) => invites.has(callId),
    adopter,
    left,
    releaseMedia: (tenant, mediaId) => void anchoring.release(tenant, mediaId, undefined),
    peers,
    holders,
    owner,
    clock,
    log,
  });
  const lives = new NodeLives();
  const moving = { calls, doubts, media: anchoring, networks, leave, random: Math.random, clock };
  const reAnchoring: ReAnchoring = new ReAnchoring({
    calls,
    lives,
    isCurrent: () => nodeFacts.isCurrent,
    move: (call) => moveCall(call, moving),
    clock,
    log,
  });
  const nodeIs = (isUp: boolean) => (fact: { readonly data: { readonly node: MediaNodeId } }) => {
    lives.note(fact.data.node, isUp);
    reAnchoring.nodesChanged();
  };
  const nodeFacts = bus.follow({
    stream: mediaStream,
    facts: [onFact(mediaNodeUp, nodeIs(true)), onFact(mediaNodeDown, nodeIs(false))],
    lookBackSec: NODES_LOOK_BACK_SEC,
    onRestart: () => lives.forget(),
  });
  const canAsk = (): boolean => link.notReady() === undefined;
  const applications = new ApplicationWatch({ calls, send: link.send.bind(link), canAsk, clock, log });
  gauge(callsStranded, () => reAnchoring.size);
  gauge(activeCalls, () => invites.active + calls.size);
  const sealer = new SideSealer(flowKey);
  const beginnings = new Beginnings(clock);
  const subscriptions = new SubscriptionRelay({ sendThrough, owner, sealer, beginnings });
  link.onInDialog(inDialogHandler({ legs, calls, doubts, strays, subscriptions }));
  link.onRequest(
    'INVITE',
    observed('INVITE', (request) => invites.handle(request)),
  );
  link.onRequest(
    'REGISTER',
    observed('REGISTER', (request) => registers.handle(request)),
  );
  link.onRequest('MESSAGE', observed('MESSAGE', messageHandler(reaching)));
  link.onRequest('SUBSCRIBE', observed('SUBSCRIBE', subscribeHandler({ ...reaching, sealer, beginnings })));
  link.onRequest('FLOW-CLOSED', flowClosedHandler(registering));
  const acknowledge = link.outliving.acknowledge.bind(link.outliving);
  const lateAnswers = new LateAnswers({ records, legs, send, acknowledge, log });
  const late = lateAnswers.take.bind(lateAnswers);
  link.onRequest('RESPONSE', strayResponseHandler({ peers, late, log }));
  link.onRequest('OPTIONS', observed('OPTIONS', optionsHandler(notReady)));
  const keepAlives = keepAliveAnswers(link.send.bind(link));
  await bus.serve([keepAlives.ofAny]);
  const ofLegs = edgeAnswers({ legs, calls, doubts, records, send: link.send.bind(link) });
  const answers = [...ofLegs.answers, ...placementAnswers(placements, engines), keepAlives.ofInstance];
  link.onConnect((info) => {
    const { instance: present, before } = engineIdentity(info.instance, stateDir);
    // What the engine before had in hand is gone with it, and is taken over like the calls of any other.
    const lost = present === engineInstance ? [] : calls.all;
    for (const call of lost) call.supersede();
    // Somebody else has closed those by now that were being set up.
    if (clock.monotonicMs() - silentSinceMs > SUCCESSOR_MS) invites.engineLost();
    silentSinceMs = Infinity;
    engineInstance = present;
    doubts.raise();
    void bus.speakFor(present, answers);
    sweep.takeOver([present, ...before]);
  });
  // Whoever cannot send must not be thought to hold a dialog.
  link.onDisconnect((how) => {
    placements.lost();
    if (how === 'silent') silentSinceMs = clock.monotonicMs();
    else if (!leaving) {
      invites.engineLost();
      for (const { parts } of calls.all)
        if (parts.caller.isUnheard === true) leave(parts.callId, { unheardAtMs: clock.epochMs() });
    }
    ofLegs.giveUp();
    void bus.speakFor(undefined);
  });
  bus.onReconnect(() => {
    doubts.raise();
    sweep.reprieve();
  });
  if (faults !== undefined) passFaultsOn(faults, { link, log });
  // The engine gives what came meanwhile to an edge that can answer it.
  void Promise.all([tenants.known, trunks.known]).then(() => {
    isTold = true;
    link.connect();
  });

  return {
    awaitsAnswers: () => bus.awaitsAnswers,
    notReady,
    drain: async () => {
      draining = true;
      // Answered calls are not waited for: whoever is asked next takes them over from their records.
      await Promise.all([registers.idle(), invites.idle(), placements.idle()]);
      // Who hangs up from now on is heard by who takes over; ends that have begun nobody else would tell for minutes.
      leaving = true;
      link.close();
      await reAnchoring.drain();
      await calls.endsTold();
      await records.settled();
      await bus.drain();
    },
    stop: async () => {
      doubts.stop();
      applications.stop();
      reAnchoring.stop();
      sweep.stop();
      leaving = true;
      link.close();
      anchoring.close();
      await bus.close();
    },
  };
}
