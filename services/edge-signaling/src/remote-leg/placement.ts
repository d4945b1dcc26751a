import { type Clock, sleep } from '@callweave/clock';
import { type PlacedRequest, type PlacementEvent } from '@callweave/contracts';
import { type HeaderValues, type IncomingResponse, type SentRequest } from '@callweave/srf';
import { type DialogIdentity, dialogIdentity, engineDialogId, tagOf } from '../leg/dialog.ts';
import { type SendRequest, silent } from '../leg/leg.ts';
import { ReliableProgress } from '../leg/reliable.ts';
import { Machine } from '../machine.ts';
import { carriedHeaders } from './carried-message.ts';
import { type AckBody, type OtherEdges } from './other-edges.ts';
import { type PlacementAction, type PlacementInput, type PlacementState, placementTable } from './placement.table.ts';

/** An owner that could not be told is told again after this. */
const RETRY_MS = 250;

/** What the owner of a leg may need of what went out. */
const SENT_HEADERS = ['call-id', 'cseq', 'from', 'to'];
/** And of what came back. */
const RESPONSE_HEADERS = [
  ...SENT_HEADERS,
  ...['contact', 'record-route', 'content-type', 'content-disposition', 'require', 'supported', 'unsupported', 'allow'],
  ...['rseq', 'retry-after', 'warning', 'reason', 'accept', 'session-expires', 'min-se', 'expires', 'min-expires'],
  ...['event', 'allow-events', 'refer-sub', 'www-authenticate', 'proxy-authenticate', 'p-asserted-identity', 'privacy'],
];

export interface PlacementDeps {
  readonly send: SendRequest;
  readonly edges: Pick<OtherEdges, 'tell'>;
  readonly clock: Clock;
  /** Our engine has a dialog for its owner from now on. */
  readonly established: (localTag: string, identity: DialogIdentity) => void;
  readonly disposed: () => void;
}

interface Detail {
  readonly event?: PlacementEvent;
  readonly response?: IncomingResponse;
  readonly headers?: HeaderValues;
  readonly body?: AckBody | undefined;
}

/** Whether the request belongs to a dialog that there is: of our engine, or of one before it. RFC 3261 §12.2. */
export function isInDialog({ dialogId, headers }: PlacedRequest): boolean {
  return dialogId !== undefined || /;\s*tag=/i.test(String(headers['To'] ?? ''));
}

/** One request that this edge sends for another, and the telling of what becomes of it. */
export class Placement {
  readonly #request: PlacedRequest;
  readonly #deps: PlacementDeps;
  readonly #machine: Machine<PlacementState, PlacementInput, PlacementAction, Detail>;
  readonly #sent: SentRequest;
  readonly #untold: PlacementEvent[] = [];
  /** What asks to be acknowledged at once is, by the engine that heard it: RFC 3262 §4. */
  readonly #reliable = new ReliableProgress();
  /** The 2xx of the device. */
  #answer: IncomingResponse | undefined;
  #told = 0;
  #isTelling = false;
  #finish: () => void = () => undefined;
  /** Resolves when nothing is left to do or to tell. */
  readonly finished = new Promise<void>((resolve) => (this.#finish = resolve));
  /** When its owner was last heard of. */
  heardAtMs: number;

  constructor(request: PlacedRequest, deps: PlacementDeps) {
    this.#request = request;
    this.#deps = deps;
    this.heardAtMs = deps.clock.monotonicMs();
    this.#machine = new Machine(placementTable, 'underWay', this.#actions);
    const { method, uri, nextHop, dialogId, headers, body } = request;
    this.#sent = deps.send(
      { method, uri, nextHop, dialogId, headers, body },
      {
        sent: (sent) => {
          this.#machine.feed('progress', { event: { kind: 'sent', headers: carriedHeaders(sent, SENT_HEADERS) } });
        },
        responded: (response) => this.#responded(response),
        failed: () => this.#machine.feed('final', { event: { kind: 'failed' } }),
      },
    );
  }

  cancel(headers: HeaderValues): void {
    this.#machine.feed('cancel', { headers });
  }

  acknowledge(body: AckBody | undefined): void {
    this.#machine.feed('acknowledge', { body });
  }

  /** Its owner wants it; false when it is given up already. One that asks and cannot be told is not there. */
  watched(): boolean {
    if (this.#untold.length === 0) this.heardAtMs = this.#deps.clock.monotonicMs();
    return this.#machine.state !== 'abandoned';
  }

  /** Its owner is gone, or has no use for it any more. */
  unwanted(): void {
    this.#machine.feed('unwanted', { headers: {} });
  }

  /** Our engine is gone. */
  lost(): void {
    this.#machine.feed('lost', { event: { kind: 'failed' } });
  }

  #responded(response: IncomingResponse): void {
    if (response.status < 200 && !this.#reliable.take(response)) return;
    const { status, reason, source, transport, body } = response;
    const headers = carriedHeaders(response, RESPONSE_HEADERS);
    const event: PlacementEvent = { kind: 'response', status, reason, source, transport, headers, body };
    this.#machine.feed(this.#inputOf(status), { event, response });
  }

  #inputOf(status: number): PlacementInput {
    if (status < 200) return 'progress';
    if (this.#request.method !== 'INVITE' || status >= 300) return 'final';
    return this.#request.body === undefined ? 'offer' : 'answer';
  }

  /** One after the other, each until it is heard. */
  async #tell(): Promise<void> {
    if (this.#isTelling) return;
    this.#isTelling = true;
    const { edges, clock } = this.#deps;
    const { placement, from } = this.#request;
    for (let event = this.#untold[0]; event !== undefined && !this.#isOver(); event = this.#untold[0]) {
      const heard = await edges.tell(from, { placement, sequence: this.#told + 1, event });
      if (heard === 'unheard') await sleep(clock, RETRY_MS);
      else if (heard === 'unwanted') this.unwanted();
      else {
        this.heardAtMs = clock.monotonicMs();
        this.#untold.shift();
        this.#told += 1;
      }
    }
    this.#isTelling = false;
    this.#machine.feed('told', {});
  }

  #isOver(): boolean {
    const { state } = this.#machine;
    return state === 'abandoned' || state === 'terminated';
  }

  /** The dialog of an INVITE that opened one; undefined of one inside a dialog, which is its owner's to end. */
  #openedDialog(): string | undefined {
    if (this.#answer === undefined || isInDialog(this.#request)) return undefined;
    return engineDialogId(this.#answer.header('call-id') ?? '', tagOf(this.#answer, 'from') ?? '');
  }

  readonly #actions: Readonly<Record<PlacementAction, (detail: Detail) => void>> = {
    tell: ({ event, response }) => {
      this.#note(response);
      if (event !== undefined) this.#untold.push(event);
      void this.#tell();
    },
    sendCancel: ({ headers }) => {
      if (this.#request.method === 'INVITE') this.#sent.cancel(headers);
    },
    sendAck: ({ response, body }) => {
      this.#note(response);
      this.#answer?.acknowledge(body);
    },
    sendBye: () => {
      const dialogId = this.#openedDialog();
      if (dialogId !== undefined) this.#deps.send({ method: 'BYE', uri: 'sip:placeholder', dialogId }, silent);
    },
    dispose: () => {
      this.#deps.disposed();
      this.#finish();
    },
  };

  #note(response: IncomingResponse | undefined): void {
    if (response === undefined || response.status < 200 || response.status >= 300) return;
    if (this.#answer !== undefined || this.#request.method !== 'INVITE') return;
    this.#answer = response;
    if (isInDialog(this.#request)) return;
    this.#deps.established(tagOf(response, 'from') ?? '', dialogIdentity(response, 'to'));
  }
}
