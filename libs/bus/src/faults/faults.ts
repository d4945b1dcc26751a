import { type Clock, type Timer } from '@callweave/clock';
import { type Fault, type FaultPoint, type SetFault } from '@callweave/contracts';
import { type Logger } from '@callweave/telemetry';

/** What a fault does to its process. */
export interface Halting {
  /** Ends it as SIGKILL would. */
  readonly exit: () => void;
  /** Lets it do nothing at all for so long. */
  readonly standStill: (forMs: number) => void;
}

/** The way of bytes between a process and the bus. */
export interface Weather {
  readonly isCut: { readonly in: boolean; readonly out: boolean };
  readonly lateMs: number;
}

interface Armed {
  readonly id: number;
  readonly fault: Fault;
  passes: number;
  readonly untilMs?: number;
  readonly expiry?: Timer;
}

/** The faults that are set in this process, for rehearsals. Whoever has none of these has no faults. */
export class Faults {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #halting: Halting;
  readonly #changed: (() => void)[] = [];
  #armed: Armed[] = [];
  #ids = 0;

  constructor({ clock, log, halting = processHalting }: { clock: Clock; log: Logger; halting?: Halting }) {
    this.#clock = clock;
    this.#log = log;
    this.#halting = halting;
  }

  /** A point is reached: what is set for it happens now, and this may not return. */
  pass(point: FaultPoint): void {
    for (const armed of [...this.#armed]) {
      const { fault } = armed;
      if (!('at' in fault) || fault.at !== point || ++armed.passes < fault.pass) continue;
      this.#log.warn('fault.happens', { ...fault });
      if (fault.kind !== 'slow') this.#remove(armed);
      if (fault.kind === 'exit') this.#halting.exit();
      else this.#halting.standStill(fault.forMs);
    }
  }

  /** The same once what is sent in this turn of the event loop has left. */
  passSoon(point: FaultPoint): void {
    setImmediate(() => this.pass(point));
  }

  /** How the way to the bus is now. */
  get weather(): Weather {
    const isCut = { in: false, out: false };
    let lateMs = 0;
    for (const { fault } of this.#armed) {
      if (fault.kind === 'cut-off') {
        if (fault.way !== 'out') isCut.in = true;
        if (fault.way !== 'in') isCut.out = true;
      } else if (fault.kind === 'late') lateMs = Math.max(lateMs, fault.byMs);
    }
    return { isCut, lateMs };
  }

  refusesWritesTo(bucket: string): boolean {
    return this.#armed.some(({ fault }) => fault.kind === 'no-writes' && fault.bucket === bucket);
  }

  /** How late writes to a bucket are, ms. */
  writesLateBy(bucket: string): number {
    const late = this.#armed.map(({ fault }) =>
      fault.kind === 'late-writes' && fault.bucket === bucket ? fault.byMs : 0,
    );
    return Math.max(0, ...late);
  }

  /** Whether this rtpengine cannot be reached. */
  isCut(node: string): boolean {
    return this.#armed.some(({ fault }) => fault.kind === 'cut-node' && fault.node === node);
  }

  list(): SetFault[] {
    const now = this.#clock.monotonicMs();
    return this.#armed.map(({ id, fault, untilMs }) => ({
      id,
      fault,
      ...(untilMs === undefined ? {} : { leftMs: Math.max(0, untilMs - now) }),
    }));
  }

  set(fault: Fault): void {
    const id = ++this.#ids;
    this.#log.warn('fault.set', { id, ...fault });
    if ('at' in fault) this.#armed.push({ id, fault, passes: 0 });
    else {
      const untilMs = this.#clock.monotonicMs() + fault.forMs;
      const expiry = this.#clock.after(fault.forMs, () => this.#remove(armed));
      const armed: Armed = { id, fault, passes: 0, untilMs, expiry };
      this.#armed.push(armed);
    }
    this.#tell();
  }

  clear(): void {
    for (const { expiry } of this.#armed) expiry?.cancel();
    this.#armed = [];
    this.#tell();
  }

  /** Calls `listener` whenever other faults are set than before. */
  onChange(listener: () => void): void {
    this.#changed.push(listener);
  }

  #remove(armed: Armed): void {
    this.#armed = this.#armed.filter((one) => one !== armed);
    this.#log.warn('fault.over', { id: armed.id, ...armed.fault });
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#changed) listener();
  }
}

const processHalting: Halting = {
  exit: () => {
    process.kill(process.pid, 'SIGKILL');
    // The signal may take a moment, in which nothing more is to be done.
    standStill(Infinity);
  },
  standStill,
};

/** No timer, no socket, no callback: the one thread that all of them need waits. */
function standStill(forMs: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, forMs);
}
