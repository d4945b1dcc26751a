import { Chance } from './chance.ts';
import { sipMessage } from './grammar.ts';
import { type LiveTarget, startLiveTarget } from './live.ts';
import { mutate } from './mutate.ts';
import { seeds } from './seeds.ts';
import { control, framer, parser, type Target } from './targets.ts';

export interface FuzzOptions {
  readonly durationMs: number;
  /** Repeats a run, as far as time lets it come. */
  readonly seed: number;
  /** Messages to begin with besides our own. */
  readonly corpus?: readonly Buffer[];
  /** Told about every ten seconds. */
  readonly onProgress?: (report: FuzzReport) => void;
}

/** What was tried. That nothing was found is that there is a report at all. */
export interface FuzzReport {
  readonly inputs: Readonly<Record<TargetName, number>>;
  /** The longest that one input took, of the CPU's time. */
  readonly slowestMs: number;
  /** Resident memory after the first minute, or the first tenth of a shorter run, and at its largest since. */
  readonly settledMb: number;
  readonly peakMb: number;
}

type TargetName = 'parser' | 'framer' | 'control' | 'udp' | 'tcp' | 'websocket' | 'application';

/** Inputs in one round: what needs a connection is slow. */
const PURE = 400;
const DATAGRAMS = 50;
const CONNECTIONS = 10;

/** One input that takes longer is a way to stop an engine. */
const MAX_MS = 1_000;

/** More memory than this on top of what a run settled at is a leak. */
const MAX_GROWTH_MB = 300;

/** An input at which something broke its promise; `seed` and `bytes` repeat it. */
export class FuzzError extends Error {
  readonly code = 'FUZZ';

  constructor(target: TargetName, bytes: Buffer, cause: unknown) {
    super(`${target}: ${String(cause)}: ${JSON.stringify(bytes.toString('latin1'))}`, { cause });
    this.name = new.target.name;
  }
}

/** Throws generated and mutated input at everything that strangers reach. Rejects with `FuzzError` at the first finding. */
export async function fuzz(options: FuzzOptions): Promise<FuzzReport> {
  const live = await startLiveTarget();
  try {
    return await new Run(options, live).run();
  } finally {
    await live.stop();
  }
}

class Run {
  readonly #options: FuzzOptions;
  readonly #live: LiveTarget;
  readonly #chance: Chance;
  readonly #sip: [Buffer, ...Buffer[]];
  readonly #inputs: Record<TargetName, number> = {
    ...{ parser: 0, framer: 0, control: 0, udp: 0, tcp: 0, websocket: 0, application: 0 },
  };
  #slowestMs = 0;
  #settledMb = 0;
  #peakMb = 0;

  constructor(options: FuzzOptions, live: LiveTarget) {
    this.#options = options;
    this.#live = live;
    this.#chance = new Chance(options.seed);
    this.#sip = [...seeds.sip, ...(options.corpus ?? [])];
  }

  async run(): Promise<FuzzReport> {
    const { durationMs, onProgress } = this.#options;
    const begun = performance.now();
    const settlesMs = Math.min(60_000, durationMs / 10);
    let told = begun;
    for (let now = begun; now - begun < durationMs; now = performance.now()) {
      for (let n = 0; n < PURE; n++) {
        this.#pure('parser', parser, this.#sipInput());
        this.#pure('framer', framer, this.#sipInput());
        this.#pure('control', control, this.#mutated(seeds.control));
      }
      await this.#liveRound();
      this.#measure(now - begun < settlesMs);
      if (now - told > 10_000) {
        told = now;
        onProgress?.(this.#report());
      }
    }
    return this.#report();
  }

  #pure(name: TargetName, target: Target, bytes: Buffer): void {
    // Not the time of the clock: on a busy machine that is mostly others'.
    const begun = process.cpuUsage();
    try {
      target(bytes, this.#chance);
      const { user, system } = process.cpuUsage(begun);
      const tookMs = (user + system) / 1_000;
      this.#slowestMs = Math.max(this.#slowestMs, tookMs);
      if (tookMs > MAX_MS) throw new Error(`took ${Math.round(tookMs)} ms`);
    } catch (error) {
      throw new FuzzError(name, bytes, error);
    }
    this.#inputs[name]++;
  }

  async #liveRound(): Promise<void> {
    const sent: Buffer[] = [];
    for (let n = 0; n < DATAGRAMS; n++) {
      const bytes = this.#sipInput();
      sent.push(bytes);
      this.#live.udp(bytes);
    }
    await this.#survives('udp', sent);
    await this.#connections(
      'tcp',
      (bytes) => this.#live.tcp(bytes),
      () => this.#sipInput(),
    );
    await this.#connections(
      'websocket',
      (bytes) => this.#live.ws(bytes),
      () => this.#mutated(seeds.upgrade),
    );
    await this.#connections(
      'application',
      (bytes) => this.#live.control(bytes),
      () => this.#mutated(seeds.control),
    );
  }

  async #connections(name: TargetName, speak: (bytes: Buffer) => Promise<void>, input: () => Buffer): Promise<void> {
    const sent = Array.from({ length: CONNECTIONS }, input);
    try {
      await Promise.all(sent.map(speak));
    } catch (error) {
      throw new FuzzError(name, Buffer.concat(sent), error);
    }
    await this.#survives(name, sent);
  }

  async #survives(name: TargetName, sent: readonly Buffer[]): Promise<void> {
    try {
      await this.#live.isAlive();
    } catch (error) {
      throw new FuzzError(name, Buffer.concat(sent), error);
    }
    this.#inputs[name] += sent.length;
  }

  #measure(isSettling: boolean): void {
    const mb = Math.round(process.memoryUsage.rss() / 1_048_576);
    if (isSettling || this.#settledMb === 0) this.#settledMb = Math.max(this.#settledMb, mb);
    this.#peakMb = Math.max(this.#peakMb, mb);
    if (mb > this.#settledMb + MAX_GROWTH_MB) {
      throw new FuzzError('udp', Buffer.alloc(0), new Error(`memory grew from ${this.#settledMb} to ${mb} MB`));
    }
  }

  #sipInput(): Buffer {
    const chance = this.#chance;
    const generated = sipMessage(chance);
    if (chance.once(3)) return generated;
    return mutate(chance.once(2) ? generated : chance.pick(this.#sip), chance.pick(this.#sip), chance);
  }

  #mutated(from: [Buffer, ...Buffer[]]): Buffer {
    const chance = this.#chance;
    return mutate(chance.pick(from), chance.pick(from), chance);
  }

  #report(): FuzzReport {
    const slowestMs = Math.round(10 * this.#slowestMs) / 10;
    return { inputs: { ...this.#inputs }, slowestMs, settledMb: this.#settledMb, peakMb: this.#peakMb };
  }
}
