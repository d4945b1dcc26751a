import { FakeClock } from '@callweave/clock/testing';
import { type Application, CallId, defaultTenant, MediaNodeId, User } from '@callweave/contracts';
import { type OutgoingEvents } from '@callweave/srf';
import { recordLogs } from '@callweave/telemetry/testing';
import { type CallTeller, type Media } from '../src/call/call-ports.ts';
import { type CallRecords } from '../src/call/call-records.ts';
import { EstablishedCalls } from '../src/call/established-calls.ts';
import { type EstablishedCall } from '../src/call/established-call.ts';
import { type SessionSide } from '../src/call/session.ts';
import { createLegId } from '../src/leg/leg-id.ts';
import { type Leg, LegTable, type SendRequest } from '../src/leg/leg.ts';
import { Networks } from '../src/networks.ts';
import { type FindDialogDeps } from '../src/transfer/find-dialog.ts';
import { Resumptions } from '../src/transfer/resumptions.ts';
import { type Replacement, takePlace } from '../src/transfer/take-place.ts';
import { Transfers, type TransfersDeps } from '../src/transfer/transfers.ts';
import { binding, edge, fakeRequest, response } from './fake-call.ts';

/** Every user is where `binding` says, but for nobody. */
export const dialling: Pick<
  ConstructorParameters<typeof Transfers>[0],
  'router' | 'locator' | 'flows' | 'applicationServer'
> = {
  router: {
    route: ({ dialled }) =>
      Promise.resolve(
        dialled === 'nobody'
          ? { kind: 'reject', status: 404, reason: 'Not Found' }
          : { kind: 'targets', targets: [{ kind: 'user', user: User.parse(dialled), ringSec: 30 }] },
      ),
  },
  locator: {
    lookup: () => Promise.resolve({ kind: 'bindings', bindings: [binding('b', 0, false)] }),
    exists: () => Promise.resolve(true),
  },
  flows: { open: () => undefined, instance: () => edge },
  applicationServer: () => undefined,
};

/** Answered calls, of which a `browser` may be a party, whose parties send each other elsewhere; one list of what was seen, in order. */
export interface FakeTransfers {
  readonly seen: string[];
  readonly clock: FakeClock;
  readonly calls: EstablishedCalls;
  /** A call of two, who are seen under these names; before it `transfers` took place. */
  establish(caller: string, callee: string, transfers?: number): EstablishedCall;
  /** A request inside the dialog of a party. */
  from(name: string, method: string, headers?: Readonly<Record<string, string>>): Promise<void>;
  hangsUp(name: string, q850?: number): Promise<void>;
  /** Acknowledges the 2xx it was answered with. */
  acknowledges(name: string): Promise<void>;
  /** A party answers the oldest request of ours that waits for it; with 200 with a description of its own, if asked for one. */
  answers(name: string, status: number): Promise<void>;
  /** So does the device that is called. */
  target(status: number): Promise<void>;
  targetHangsUp(): Promise<void>;
  /** An INVITE that names the dialog of a party. */
  takesPlaceOf(name: string, about?: Partial<Replacement>): Promise<void>;
  /** The dialog of a party in a Refer-To. */
  referTo(name: string): string;
  settle(): Promise<void>;
}

/** How the ids of its calls begin. */
const CALLS = '01HF7YAT00000000000000000';

interface Asked {
  readonly name: string;
  readonly method: string;
  readonly events: OutgoingEvents;
}

/** What is not as usual. */
export interface FakeDeps
  extends Partial<FindDialogDeps>, Partial<Pick<TransfersDeps, 'notReady'>>, Partial<Pick<CallRecords, 'keep'>> {
  readonly offer?: Media['offer'];
  readonly applicationServer?: () => string | undefined;
}

export function fakeTransfers({ notReady, offer, applicationServer, keep, ...finding }: FakeDeps = {}): FakeTransfers {
  const seen: string[] = [];
  const clock = new FakeClock();
  const legs = new LegTable();
  const add = legs.add.bind(legs);
  let latest: Leg | undefined;
  legs.add = (leg) => add((latest = leg));
  const byName = new Map<string, Leg>();
  const asked: Asked[] = [];
  const log = recordLogs();
  const node = MediaNodeId.parse('127.0.0.1:2223@1');
  const media: Media = {
    offer: offer ?? (({ sdp }) => Promise.resolve({ kind: 'anchored', sdp, node })),
    answer: ({ sdp }) => Promise.resolve({ kind: 'anchored', sdp, node }),
    release: (_tenant, callId) => {
      seen.push(callId.startsWith(CALLS) ? 'old media released' : 'new media released');
      return Promise.resolve(undefined);
    },
  };
  const calls: EstablishedCalls = new EstablishedCalls({
    records: {
      keep: keep ?? (() => Promise.resolve(true)),
      change: () => undefined,
      repair: () => Promise.resolve(void seen.push('record repaired')),
      end: () => Promise.resolve('won'),
    },
    media,
    refer: (request, side, call) => transfers.refer(request, side, call),
    resume: (call, side) => resumptions.resume(call, side),
    clock,
    log,
  });
  const send: SendRequest = (request, events) => {
    seen.push(['target is sent', request.method, request.body ?? ''].join(' ').trim());
    asked.push({ name: 'target', method: request.method, events });
    return { cancel: () => seen.push('target is sent CANCEL') };
  };
  const deps = {
    ...{ calls, legs, media, clock, log, random: () => 0.5 },
    networks: new Networks(undefined),
    placeOf: () => undefined,
    doubts: { settle: (call: EstablishedCall) => Promise.resolve(call.state === 'talking') },
    records: { find: () => Promise.resolve(undefined) },
    peers: { holds: () => Promise.resolve(false), yield: () => Promise.resolve({ kind: 'not-held' as const }) },
    adopter: { adopt: () => Promise.resolve(undefined) },
    ...finding,
    send,
    sendThrough: () => send,
  };
  const ready = { notReady: notReady ?? ((): undefined => undefined) };
  const transfers: Transfers = new Transfers({ ...deps, ...dialling, ...ready });
  const ofApplications = { applicationServer: applicationServer ?? dialling.applicationServer, answered: calls };
  const resumptions = new Resumptions({ ...deps, ...ofApplications, ...ready });

  const leg = (name: string): Leg => {
    const made: Leg = {
      legId: createLegId(),
      identity: { callId: `${name}'s`, remoteTag: name },
      dialog: {
        ...{ localUri: '<sip:us@d>', remoteUri: `<sip:${name}@d>`, remoteTarget: `sip:${name}@192.0.2.1` },
        ...{ nextHop: undefined, routeSet: [], localCseq: 0, remoteCseq: 0 },
      },
      trace: undefined,
      edge: undefined,
      receive: () => Promise.resolve(),
      request: ({ method, body }, events) => {
        seen.push([`${name} is sent`, method, body?.replace('SIP/2.0 ', '').trim() ?? ''].join(' ').trim());
        asked.push({ name, method, events });
        return { cancel: () => undefined };
      },
      refreshTarget: () => undefined,
      hangUp: () => seen.push(`${name} is hung up`),
      drop: () => seen.push(`${name} is let go of`),
    };
    legs.add(made);
    byName.set(name, made);
    return made;
  };
  const teller: CallTeller = {
    sequence: 4,
    detail: { legs: [] },
    note: () => undefined,
    ...{ initiated: () => undefined, routed: () => undefined, ringing: () => undefined, answered: () => undefined },
    held: (by) => void seen.push(`told held ${by}`),
    resumed: (by) => void seen.push(`told resumed ${by}`),
    transferred: ({ by, party }) => void seen.push(`told transferred ${by} ${party}`),
    ended: ({ by, reason }) => void seen.push(`told ended ${by} ${reason}`),
    failed: () => undefined,
  };
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 100; i++) await Promise.resolve();
  };
  const answer = async (name: string, status: number): Promise<void> => {
    await settle();
    const index = asked.findIndex((each) => each.name === name);
    const request = asked[index];
    if (request === undefined) throw new Error(`${name} is asked nothing; seen: ${seen.join(', ')}`);
    // One that rings is still asked.
    if (status >= 200) asked.splice(index, 1);
    const acknowledged = (sdp: string | undefined): void => {
      seen.push([`${name} is sent ACK`, sdp ?? ''].join(' ').trim());
    };
    const body = request.method === 'INVITE' && status === 200 ? `v=0 ${name}` : undefined;
    request.events.responded(response(status, acknowledged, body));
    await settle();
  };
  let calling = 0;
  const ofName = (name: string): Leg => {
    const found = byName.get(name);
    if (found === undefined) throw new Error(`nobody is called ${name}`);
    return found;
  };
  return {
    seen,
    clock,
    calls,
    settle,
    establish: (caller, callee, before = 0) => {
      const callId = CallId.parse(`${CALLS}${String(calling++)}`);
      const side = (name: string): SessionSide => ({
        profile: name === 'browser' ? 'webrtc' : 'rtp',
        sdp: `v=0 ${name}`,
        holds: false,
      });
      calls.establish(
        {
          ...{ tenant: defaultTenant, callId, epoch: 1, caller: leg(caller), callee: leg(callee), node },
          users: { caller: userOf(caller), callee: userOf(callee) },
          applications: { caller: applicationOf(caller), callee: applicationOf(callee) },
          hidden: { caller: false, callee: false },
          transfers: before,
          session: { caller: side(caller), callee: side(callee) },
          ...{ startedAtMs: 0, answeredAtMs: 0 },
        },
        teller,
      );
      const call = calls.byId(callId);
      if (call === undefined) throw new Error('no call');
      return call;
    },
    from: async (name, method, headers = {}) => {
      const replied = ({ status }: { status: number }): void => {
        if (status !== 202) seen.push(`${name} is answered ${String(status)}`);
        else seen.push(`${name}'s ${method} is accepted`);
      };
      const request = fakeRequest(method, replied);
      const told = {
        ...request,
        header: (header: string) =>
          ({ 'content-type': 'application/sdp', ...headers })[header] ?? request.header(header),
      };
      await calls.relay({ ...told, body: method === 'INVITE' ? `v=0 ${name}` : undefined }, ofName(name).legId);
      await settle();
    },
    hangsUp: async (name, q850) => {
      calls.left(ofName(name).legId, q850);
      await settle();
    },
    answers: answer,
    acknowledges: async (name) => {
      calls.acknowledged(ofName(name).legId, undefined);
      await settle();
    },
    target: (status) => answer('target', status),
    targetHangsUp: async () => {
      await latest?.receive(fakeRequest('BYE', ({ status }) => seen.push(`target is answered ${String(status)}`)));
      await settle();
    },
    takesPlaceOf: async (name, about = {}) => {
      const { legId: toTag, identity } = ofName(name);
      const replied = ({ status, body }: { status: number; body?: string | undefined }): void => {
        seen.push([`newcomer is answered ${String(status)}`, body ?? ''].join(' ').trim());
      };
      await takePlace(
        {
          request: fakeRequest('INVITE', replied),
          ...{
            tenant: defaultTenant,
            user: User.parse('newcomer'),
            isHidden: false,
            sdp: 'v=0 newcomer',
            profile: 'rtp',
          },
          replaces: { callId: identity.callId, toTag, fromTag: identity.remoteTag, isEarlyOnly: false },
          ...about,
        },
        deps,
      );
      await settle();
    },
    referTo: (name) => {
      const { legId, identity } = ofName(name);
      const replaces = `${identity.callId};to-tag=${legId};from-tag=${identity.remoteTag}`;
      return `<sip:${name}@d?Replaces=${encodeURIComponent(replaces)}>`;
    },
  };
}

/** An application is nobody's. */
function userOf(name: string): User | undefined {
  return name === 'application' ? undefined : User.parse(name);
}

function applicationOf(name: string): Application | undefined {
  return name === 'application' ? { action: 'echo', params: {} } : undefined;
}
