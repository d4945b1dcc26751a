import { type Apps } from './app.ts';

/** Who did what a record tells of: the network, or an application or the engine for it. */
export type RecordSource = 'network' | 'application';

/** Which side of a call we are. */
export type CallRole = 'uac' | 'uas' | 'proxy-uac' | 'proxy-uas';

/** Why a call is over. */
export type EndReason =
  'call-rejected' | 'call-canceled' | 'normal-release' | 'session-expired' | 'ack-bye' | 'system-initiated-termination';

/** drachtio-server takes the names of the last two from the next line of its table. */
const SHIFTED: Readonly<Partial<Record<EndReason, string>>> = {
  'ack-bye': 'system-initiated-termination',
  'system-initiated-termination': 'system-error-initiated-termination',
};

/** What a record carries; made only when somebody wants it. */
type Text = () => Buffer;

/** Tells applications that route `cdr:attempt`, `cdr:start` and `cdr:stop` of calls, in turn. */
export class CallRecords {
  readonly #apps: Pick<Apps, 'pickVerb'>;
  readonly #shiftsNames: boolean;

  constructor(apps: Pick<Apps, 'pickVerb'>, shiftsNames: boolean) {
    this.#apps = apps;
    this.#shiftsNames = shiftsNames;
  }

  /** An INVITE outside a dialog has come or gone. */
  attempt(source: RecordSource, text: Text): CallRecord {
    this.#tell('cdr:attempt', source, [], text);
    return new CallRecord(this);
  }

  started(source: RecordSource, role: CallRole, text: Text): void {
    this.#tell('cdr:start', source, [role], text);
  }

  stopped(source: RecordSource, reason: EndReason, text: Text): void {
    const name = this.#shiftsNames ? (SHIFTED[reason] ?? reason) : reason;
    this.#tell('cdr:stop', source, [name], text);
  }

  #tell(verb: string, source: RecordSource, rest: readonly string[], text: Text): void {
    this.#apps.pickVerb(verb)?.tell(verb, source, rest, text());
  }
}

/** One call, or attempt at one: it starts at most once, and ends once. */
export class CallRecord {
  readonly #records: CallRecords;
  #state: 'attempted' | 'started' | 'stopped' = 'attempted';

  constructor(records: CallRecords) {
    this.#records = records;
  }

  /** The attempt has its final response; `wasCancelled` by whoever made it. */
  answered(source: RecordSource, status: number, role: CallRole, text: Text, wasCancelled = false): void {
    if (status < 200 || this.#state !== 'attempted') return;
    if (status >= 300) {
      this.stop(source, wasCancelled ? 'call-canceled' : 'call-rejected', text);
      return;
    }
    this.#state = 'started';
    this.#records.started(source, role, text);
  }

  stop(source: RecordSource, reason: EndReason, text: Text): void {
    if (this.#state === 'stopped') return;
    this.#state = 'stopped';
    this.#records.stopped(source, reason, text);
  }
}
