import { FakeClock } from '@callweave/clock/testing';
import {
  type Binding,
  CallId,
  defaultTenant,
  EpochMs,
  FlowToken,
  type Forwards,
  InstanceId,
  MediaNodeId,
  User,
} from '@callweave/contracts';
import {
  type IncomingRequest,
  type IncomingResponse,
  type OutgoingEvents,
  type OutgoingRequest,
  type ReadableMessage,
  type Reply,
} from '@callweave/srf';
import { recordLogs } from '@callweave/telemetry/testing';
import { type LegNote } from '../src/call/call-detail.ts';
import { type Media } from '../src/call/call-ports.ts';
import { Call, type CallDeps } from '../src/call/call.ts';
import { EstablishedCalls } from '../src/call/established-calls.ts';
import { createLegId } from '../src/leg/leg-id.ts';
import { LegTable, type SendRequest } from '../src/leg/leg.ts';

interface Sent {
  readonly request: OutgoingRequest;
  readonly events: OutgoingEvents;
}

/** A call whose surroundings are recorded: one list of what was seen, in order. */
export interface FakeCall {
  readonly seen: string[];
  readonly call: Call;
  readonly clock: FakeClock;
  readonly legs: LegTable;
  readonly calls: EstablishedCalls;
  /** INVITEs that went to devices, in order. */
  readonly invited: Sent[];
  /** Requests of ours inside the dialogs, in order. */
  readonly asked: Sent[];
  /** Who asked routing for whom. */
  readonly routed: string[];
  /** What goes into its record. */
  readonly noted: LegNote[];
  cancel(): void;
  /** A request of the caller inside the dialog. */
  readonly fromCaller: (method: string, body?: string) => Promise<void>;
  /** Lets what is pending happen. */
  readonly settle: () => Promise<void>;
}

export interface FakeWorld {
  /** What the caller offers; none leaves it to the callee. */
  readonly offer?: 'v=0' | 'none';
  /** Headers of his INVITE. */
  readonly says?: Readonly<Record<string, string>>;
  /** How many devices the callee has. */
  readonly devices?: number;
  /** Whether they prefer to be called one after the other. */
  readonly inTurn?: boolean;
  /** What users have set. */
  readonly forwards?: Readonly<Record<string, Forwards>>;
  /** Users without a device. */
  readonly away?: readonly string[];
  readonly deps?: Partial<CallDeps>;
  /** Hears what the caller's INVITE is answered. */
  readonly replied?: (reply: Reply) => void;
  /** Whether this edge is the first to mark the call as ended. */
  readonly endOutcome?: 'won' | 'lost';
}

/** The engine of the edge under test. */
export const edge = InstanceId.parse('abcdefghijklmnop');
const node = MediaNodeId.parse('127.0.0.1:2223@1');

export function fakeCall({
  offer = 'v=0',
  says = {},
  devices = 1,
  inTurn = false,
  forwards = {},
  away = [],
  deps = {},
  replied = () => undefined,
  endOutcome = 'won',
}: FakeWorld = {}): FakeCall {
  const seen: string[] = [];
  const clock = new FakeClock();
  const legs = new LegTable();
  const media: Media = {
    offer: () => Promise.resolve({ kind: 'anchored', sdp: 'v=0 offered', node }),
    answer: () => Promise.resolve({ kind: 'anchored', sdp: 'v=0 answered', node }),
    release: () => Promise.resolve(void seen.push('released')),
  };
  const records = {
    keep: () => Promise.resolve(seen.push('kept') > 0),
    change: () => seen.push('record changed'),
    repair: () => Promise.resolve(void seen.push('record repaired')),
    end: () => Promise.resolve(endOutcome),
  };
  const calls = new EstablishedCalls({
    records,
    media: deps.media ?? media,
    refer: (request) => request.reply({ status: 202 }),
    clock,
    log: recordLogs(),
  });
  const invited: Sent[] = [];
  const asked: Sent[] = [];
  const routed: string[] = [];
  const noted: LegNote[] = [];
  let cancelListener = (): void => undefined;
  const callId = CallId.parse('01HF7YAT000000000000000000');
  const legId = createLegId();
  const teller = (name: string) => (): void => {
    seen.push(`told ${name}`);
  };
  const heard = fakeRequest(
    'INVITE',
    (reply) => {
      seen.push(['caller', reply.status, ...(reply.body === undefined ? [] : [reply.body])].join(' '));
      replied(reply);
    },
    (listener) => (cancelListener = listener),
  );
  const invite = {
    ...heard,
    header: (name: string) => says[name] ?? heard.header(name),
    body: offer === 'none' ? undefined : offer,
  };
  const send: SendRequest = (request, events) => {
    seen.push(`sent ${request.method}`);
    (request.method === 'INVITE' ? invited : asked).push({ request, events });
    return { cancel: (headers) => seen.push(['sent CANCEL', ...Object.values(headers ?? {})].join(' ')) };
  };
  const call = new Call(
    {
      tenant: defaultTenant,
      callId,
      source: { kind: 'user', user: User.parse('a') },
      dialled: 'b',
      domain: 'd',
      from: '<sip:a@d>',
      to: '<sip:b@d>',
      identity: { from: '<sip:a@d>', asserted: '<sip:a@d>', privacy: undefined, isHidden: false },
      sdp: offer === 'none' ? undefined : offer,
      profile: 'rtp',
    },
    invite,
    legId,
    {
      router: {
        route: ({ source, dialled }) => {
          routed.push(`${source.kind === 'user' ? source.user : ''} dials ${dialled}`);
          const target = { kind: 'user', user: User.parse(dialled), ringSec: 30, forwards: forwards[dialled] } as const;
          return Promise.resolve({ kind: 'targets', targets: [target] });
        },
      },
      locator: {
        lookup: (_tenant, user) =>
          Promise.resolve({
            kind: 'bindings',
            bindings: Array.from({ length: away.includes(user) ? 0 : devices }, (_, i) => binding(user, i, inTurn)),
          }),
        exists: () => Promise.resolve(true),
      },
      media,
      teller: {
        sequence: 4,
        detail: { legs: [] },
        note: (note) => void noted.push(note),
        initiated: teller('initiated'),
        routed: teller('routed'),
        ringing: teller('ringing'),
        answered: teller('answered'),
        held: (by) => void seen.push(`told held ${by}`),
        resumed: (by) => void seen.push(`told resumed ${by}`),
        transferred: ({ by }) => void seen.push(`told transferred ${by}`),
        ended: (cause) => void seen.push(`told ended ${cause.by} ${cause.reason}`),
        failed: (cause) => void seen.push(`told failed ${cause.by} ${cause.reason}`),
      },
      flows: { open: () => undefined, instance: () => edge },
      legs,
      send,
      sendThrough: (through) => {
        if (through !== undefined) seen.push(`through ${through}`);
        return send;
      },
      applicationServer: () => undefined,
      placeOf: () => undefined,
      redirects: 'follow',
      begin: ({ tenant, callId, from, to, startedAtMs }) => {
        seen.push('begun');
        const ids = { tenant, callId, owner: edge, epoch: 1, legs: [], sequence: 3 };
        return { ...ids, from, to, state: 'routing', startedAt: EpochMs.parse(startedAtMs) };
      },
      abandon: (_callId, lost) => seen.push(lost === undefined ? 'abandoned' : `abandoned ${lost.reason}`),
      recordOf: () => {
        throw new Error('nobody keeps it');
      },
      acknowledged: () => undefined,
      establish: (parts, teller) => calls.establish(parts, teller),
      clock,
      log: recordLogs(),
      disposed: () => seen.push('disposed'),
      ...deps,
    },
  );
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 20; i++) await Promise.resolve();
  };
  return {
    seen,
    call,
    clock,
    legs,
    calls,
    invited,
    asked,
    routed,
    noted,
    settle,
    cancel: () => cancelListener(),
    fromCaller: (method, body) =>
      call.caller.receive({
        ...fakeRequest(method, (reply) => seen.push(`caller's ${method} ${String(reply.status)}`)),
        body,
      }),
  };
}

/** A call whose (first) device has been invited. */
export async function placed(world: FakeWorld = {}): Promise<FakeCall> {
  const fake = fakeCall(world);
  fake.call.start();
  await fake.settle();
  return fake;
}

/** A call that has been answered and acknowledged. */
export async function answered(world: FakeWorld = {}): Promise<FakeCall> {
  const fake = await placed(world);
  fake.invited[0]?.events.responded(response(180));
  fake.invited[0]?.events.responded(response(200, () => fake.seen.push('sent ACK')));
  await fake.settle();
  await fake.fromCaller('ACK');
  return fake;
}

/** A request that records its replies. */
export function fakeRequest(
  method: string,
  replied: (reply: Reply) => void,
  onCancel: (listener: () => void) => void = () => undefined,
): IncomingRequest {
  return {
    method,
    uri: 'sip:b@d',
    ...message(
      {
        from: '<sip:a@d>;tag=theirs',
        to: '<sip:b@d>',
        'call-id': 'c1',
        cseq: `1 ${method}`,
        contact: '<sip:a@192.0.2.1>',
      },
      'v=0',
    ),
    transport: 'udp',
    source: '192.0.2.1:5060',
    receivedOn: '198.51.100.1:5060',
    isFromEngine: false,
    reply: (reply) => {
      replied(reply);
      return Promise.resolve();
    },
    onCancel: (listener) => onCancel(() => listener(message({}, undefined))),
  };
}

/** A response of a device; a 200 has a body unless told otherwise. */
export function response(
  status: number,
  acknowledged: (answer: string | undefined) => void = () => undefined,
  body = status === 200 ? 'v=0' : undefined,
): IncomingResponse {
  const headers = {
    to: '<sip:b@d>;tag=device',
    from: '<sip:a@d>;tag=ours',
    'call-id': 'c1',
    cseq: '1 INVITE',
    contact: '<sip:b@192.0.2.2>',
  };
  return {
    status,
    reason: '',
    source: '192.0.2.2:5060',
    transport: 'udp',
    ...message(headers, body),
    acknowledge: (answer) => acknowledged(answer?.content),
  };
}

function message(headers: Readonly<Record<string, string>>, body: string | undefined): ReadableMessage {
  return { header: (name) => headers[name.toLowerCase()], body };
}

export function binding(user: string, index: number, inTurn: boolean): Binding {
  return {
    contact: `sip:${user}@192.0.2.${String(index + 2)}`,
    q: inTurn ? 1 - index / 10 : 1,
    expiresAt: EpochMs.parse(0),
    callId: 'r',
    cseq: 1,
    edge,
    flow: FlowToken.parse(String(index)),
    path: [],
    told: 'added',
    sequence: 1,
  };
}
