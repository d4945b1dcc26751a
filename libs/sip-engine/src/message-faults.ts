import { type Clock } from '@callweave/clock';
import { type Headers } from '@callweave/sip';
import { type Logger } from '@callweave/telemetry';

/** By a request of this method, to nobody, an application says as a list in JSON which faults are set from now on. */
export const FAULTS = 'FAULTS';

/** Something that happens to SIP messages on purpose, on their way by UDP: a stream loses, delays and repeats nothing. */
export interface MessageFault {
  /** What it is known by; one that is told again goes on as it is. */
  readonly id: number;
  readonly kind: 'drop' | 'delay' | 'duplicate';
  readonly way: 'in' | 'out' | 'both';
  /** Of requests and of the responses to them; every method unless given. */
  readonly method?: string | undefined;
  /** Which share of them is struck, from 0 to 1; all unless given. */
  readonly share?: number | undefined;
  /** How many more are struck; no end unless given. */
  readonly next?: number | undefined;
  /** How late they are, ms. */
  readonly byMs?: number | undefined;
}

interface Armed {
  readonly fault: MessageFault;
  left: number;
}

export interface MessageFaultsDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
}

/** What goes wrong with SIP messages on purpose, for rehearsals; an engine where that is not allowed has none of these. */
export class MessageFaults {
  readonly #deps: MessageFaultsDeps;
  #armed: readonly Armed[] = [];

  constructor(deps: MessageFaultsDeps) {
    this.#deps = deps;
  }

  /** What is set from now on, as an application has written it; false when it cannot be read. */
  set(text: string): boolean {
    const faults = read(text);
    if (faults === undefined) return false;
    const known = new Map(this.#armed.map((armed) => [armed.fault.id, armed]));
    this.#armed = faults.map((fault) => known.get(fault.id) ?? { fault, left: fault.next ?? Infinity });
    this.#deps.log.warn('faults.set', { faults });
    return true;
  }

  /** Lets a message that arrived go on: at once, later, twice, or never. */
  arrived(headers: Headers, go: () => void): void {
    this.#pass('in', () => headers.get('cseq') ?? '', go);
  }

  /** The same with one that leaves. */
  leaving(bytes: Buffer, go: () => void): void {
    this.#pass('out', () => cseqIn(bytes), go);
  }

  #pass(way: 'in' | 'out', cseq: () => string, go: () => void): void {
    if (this.#armed.length === 0) {
      go();
      return;
    }
    // Requests have it as responses do, RFC 3261 §8.1.1.5.
    const method = /^\s*\d+\s+(\S+)/.exec(cseq())?.[1] ?? '';
    const { clock, log } = this.#deps;
    const fault = this.#armed.find((armed) => this.#strikes(armed, way, method))?.fault;
    if (fault !== undefined) log.warn('fault.happens', { ...fault, way, method });
    if (fault?.kind === 'drop') return;
    if (fault?.kind === 'delay') clock.after(fault.byMs ?? 0, go);
    else go();
    if (fault?.kind === 'duplicate') go();
  }

  #strikes(armed: Armed, way: 'in' | 'out', method: string): boolean {
    const { fault, left } = armed;
    if (left === 0 || (fault.way !== 'both' && fault.way !== way)) return false;
    if (fault.method !== undefined && fault.method !== method) return false;
    if (fault.share !== undefined && this.#deps.random() >= fault.share) return false;
    armed.left -= 1;
    return true;
  }
}

function cseqIn(bytes: Buffer): string {
  return /^CSeq\s*:(.*)$/im.exec(bytes.toString('latin1'))?.[1] ?? '';
}

/** Whoever tells them has the secret of the engine, and means well. */
function read(text: string): readonly MessageFault[] | undefined {
  try {
    const faults: unknown = JSON.parse(text);
    return Array.isArray(faults) && faults.every(isFault) ? faults : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isFault(value: unknown): value is MessageFault {
  return typeof value === 'object' && value !== null && 'id' in value && 'kind' in value && 'way' in value;
}
