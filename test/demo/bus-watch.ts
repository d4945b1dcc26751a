import { type Connection, inboxPrefix } from '@callweave/bus';
import { CloudEvent } from '@callweave/contracts';
import { type Party, type Step } from '../support/ladder.ts';

/** What the services of a platform say about two users. */
export interface BusWatch {
  /** Kinds of the events of the call between them, in the order of their numbers. */
  callKinds(): string[];
  /** The questions, answers and facts about them and their call, so far. */
  steps(): Step[];
}

/** The fields by which a payload tells whom it is about. */
interface About {
  readonly user?: string;
  readonly callId?: string;
  readonly from?: string;
}

interface Said {
  readonly step: Step;
  readonly about: About;
  readonly event?: CloudEvent;
}

const REFUSAL_HEADER = 'Nats-Service-Error-Code';
const edgeInbox = inboxPrefix('edge-signaling');
const answerers: Readonly<Record<string, Party>> = {
  auth: 'auth',
  registrar: 'registrar',
  routing: 'routing',
  media: 'media',
};

/** Begins to listen to what edges ask, what they are answered, and what is told; nothing said later is missed. */
export async function watchBus({ nc }: Connection, caller: string, callee: string): Promise<BusWatch> {
  const said: Said[] = [];
  const open = new Map<string, { readonly asked: Party; readonly about: About }>();

  nc.subscribe('callweave.rpc.>', {
    callback: (_error, message) => {
      const [, , domain = '', operation = ''] = message.subject.split('.');
      const to = answerers[domain];
      if (to === undefined || message.reply?.startsWith(`${edgeInbox}.`) !== true) return;
      const about = message.json<About>();
      open.set(message.reply, { asked: to, about });
      said.push({ about, step: { atMs: nowMs(), from: 'edge', to, label: `${domain}.${operation}` } });
    },
  });
  nc.subscribe(`${edgeInbox}.>`, {
    callback: (_error, message) => {
      const question = open.get(message.subject);
      if (question === undefined) return;
      open.delete(message.subject);
      const refusal = message.headers?.get(REFUSAL_HEADER) ?? '';
      const label = refusal === '' ? outcomeOf(message.json()) : `refused: ${refusal}`;
      said.push({ about: question.about, step: { atMs: nowMs(), from: question.asked, to: 'edge', label } });
    },
  });
  const tellers = { 'callweave.call.v1.>': 'edge', 'callweave.registration.v1.>': 'registrar' } as const;
  for (const [subject, from] of Object.entries(tellers)) {
    nc.subscribe(subject, {
      callback: (_error, message) => {
        const event = CloudEvent.parse(message.json());
        const label = `${event.type.replace(/^callweave\.(\w+)\.v\d+/, '$1')} #${event.sequence ?? '?'}`;
        said.push({ about: event.data as About, step: { atMs: nowMs(), from, label }, event });
      },
    });
  }
  await nc.flush();

  const callId = (): string | undefined =>
    said.find(({ about }) => about.from?.includes(`sip:${caller}@`))?.about.callId;
  const ofCall = (id = callId()): Said[] => said.filter(({ about }) => id !== undefined && about.callId === id);
  return {
    callKinds: () =>
      ofCall()
        .flatMap(({ event }) => event ?? [])
        .sort((a, b) => (a.sequence ?? 0) - (b.sequence ?? 0))
        .map(({ type }) => type.split('.').at(-1) ?? ''),
    steps: () => {
      const ofUsers = said.filter(({ about }) => about.user === caller || about.user === callee);
      return [...new Set([...ofUsers, ...ofCall()])].map(({ step }) => step);
    },
  };
}

/** `verified`, `bindings`, `not found`: the kind of an answer, else the name of what it holds. */
function outcomeOf(answer: Readonly<Record<string, unknown>>): string {
  if (typeof answer['kind'] === 'string') return answer['kind'];
  const [name = '', value] = Object.entries(answer)[0] ?? [];
  return value === false ? `not ${name}` : name;
}

/** Epoch ms with a fraction, to be set beside what the phones noted. */
function nowMs(): number {
  return performance.timeOrigin + performance.now();
}
