import { isDeepStrictEqual } from 'node:util';
import { type Clock, sleep } from '@callweave/clock';
import { type BucketType, parseContract, type TokenValues } from '@callweave/contracts';
import { SpanKind, withStep } from '@callweave/telemetry';
import { expBackoff } from './backoff.ts';
import { type z } from 'zod';
import { decode, encode } from './codec.ts';
import { type Connection } from './connection.ts';
import { getDirect, getFromLeader, READ_MS, type Stored } from './get-last.ts';
import { BusUnavailableError, ConflictError } from './errors.ts';
import { classifyNatsFailure, toBusError } from './nats-failure.ts';
import { Recollection } from './recollection.ts';

/** A record and the revision that a compare-and-set must name. */
export interface Entry<V> {
  readonly key: string;
  readonly value: V;
  readonly revision: number;
  /** When the server stored it, by the server's clock, epoch ms. */
  readonly storedAtMs: number;
}

/**
 * What a change function makes of a record: a new value (`isLast`: only its removal is to follow), its removal, or
 * nothing to write.
 */
export type Change<V> = { readonly set: V; readonly isLast?: boolean } | 'remove' | 'keep';

type Known<V> = Pick<Entry<V>, 'value' | 'revision'>;

export interface ModifyOptions {
  /** Keep trying for this long while others win or JetStream has no leader. */
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

export interface BucketOptions {
  /** Changes what this process wrote last without reading it first: for records that have one writer, as a rule. */
  readonly recalls?: boolean;
  /** Writes leave with the facts that are told, up to 20 ms later: for records that nobody reads at once. */
  readonly gathers?: boolean;
}

const DEFAULT_DEADLINE_MS = 12_000;
const MAX_CONFLICTS = 25;
/** A list that brings nothing for this long has lost its server. */
const LIST_STALL_MS = 5_000;

/** One KV bucket, typed; every write is a compare-and-set. */
export class Bucket<P extends string, S extends z.ZodType> {
  readonly #type: BucketType<P, S>;
  readonly #connection: Connection;
  readonly #clock: Clock;
  readonly #stream: string;
  readonly #recollection: Recollection<z.output<S>> | undefined;
  readonly #gathers: boolean;

  constructor(type: BucketType<P, S>, connection: Connection, clock: Clock, options: BucketOptions = {}) {
    const { recalls = false, gathers = false } = options;
    this.#type = type;
    this.#connection = connection;
    this.#clock = clock;
    this.#stream = `KV_${type.name}`;
    this.#recollection = recalls ? new Recollection() : undefined;
    this.#gathers = gathers;
  }

  /**
   * The record, read from any replica (it may be a moment old), or undefined. Each of `attemptsMs` asks once more, maybe
   * another replica, when nothing was heard for so long. Throws `BusUnavailableError`.
   */
  async get(
    tokens: TokenValues<P>,
    { attemptsMs = [READ_MS] }: { readonly attemptsMs?: readonly [number, ...number[]] } = {},
  ): Promise<Entry<z.output<S>> | undefined> {
    const key = this.#type.key(tokens);
    const last = attemptsMs[attemptsMs.length - 1];
    for (const timeoutMs of attemptsMs.slice(0, -1)) {
      try {
        return await this.#read(key, 'any replica', timeoutMs);
      } catch (error) {
        if (!(error instanceof BusUnavailableError)) throw error;
      }
    }
    return this.#read(key, 'any replica', last);
  }

  /** Writes the record if there is none; false when there is one. */
  async create(tokens: TokenValues<P>, value: z.output<S>): Promise<boolean> {
    return (await this.#write(this.#type.key(tokens), value, 0)) !== undefined;
  }

  /**
   * Writes over exactly `revision` (0: there is none), `atOnce` also when other writes are gathered. The new revision, or
   * undefined when another was faster.
   */
  replace(
    tokens: TokenValues<P>,
    value: z.output<S>,
    revision: number,
    { atOnce = false }: { readonly atOnce?: boolean } = {},
  ): Promise<number | undefined> {
    return this.#write(this.#type.key(tokens), value, revision, !atOnce);
  }

  /** Writes whatever was there before; for leases only, everything else has rivals. Returns the revision. */
  async put(tokens: TokenValues<P>, value: z.output<S>): Promise<number> {
    const key = this.#type.key(tokens);
    const revision = await this.#write(key, value, undefined);
    if (revision === undefined) throw new ConflictError(key);
    return revision;
  }

  /** Removes the record at this revision by deleting its message; no marker stays behind. False when it is gone. */
  async remove(revision: number): Promise<boolean> {
    try {
      await this.#step('remove', () => this.#connection.jetstream.deleteMessage(this.#stream, revision));
      return true;
    } catch (error) {
      if (classifyNatsFailure(error) === 'missing') return false;
      throw toBusError(error, `${this.#type.name}: remove`);
    }
  }

  /**
   * Reads, lets `change` decide, writes by compare-and-set; again while others win or no leader is elected.
   * `change` may run several times and must not have effects; it does not see what was stored of it without our hearing
   * so. Returns the record as it is afterwards. Throws `ConflictError` or `BusUnavailableError` when the deadline passes.
   */
  async modify(
    tokens: TokenValues<P>,
    change: (current: z.output<S> | undefined) => Change<z.output<S>>,
    { deadlineMs = DEFAULT_DEADLINE_MS, signal }: ModifyOptions = {},
  ): Promise<z.output<S> | undefined> {
    const key = this.#type.key(tokens);
    const end = this.#clock.monotonicMs() + deadlineMs;
    let from: 'any replica' | 'leader' = 'any replica';
    let conflicts = 0;
    let unconfirmed: z.output<S> | undefined;
    for (let attempt = 0; ; attempt++) {
      let failure: Error;
      let written: z.output<S> | undefined;
      try {
        const recalled = this.#recall(key);
        let current: Known<z.output<S>> | undefined = recalled ?? (await this.#read(key, from));
        if (unconfirmed !== undefined && this.#isSame(current?.value, unconfirmed)) return unconfirmed;
        let decided = change(current?.value);
        if (decided === 'keep' && recalled !== undefined) {
          // Nothing would show that it is not so any more.
          current = await this.#read(key, from);
          decided = change(current?.value);
        }
        if (decided === 'keep') return current?.value;
        if (decided !== 'remove') written = decided.set;
        if (await this.#apply(key, current, decided)) return decided === 'remove' ? undefined : decided.set;
        failure = new ConflictError(key);
        conflicts += 1;
      } catch (error) {
        if (!(error instanceof BusUnavailableError)) throw error;
        failure = error;
        unconfirmed = written ?? unconfirmed;
      }
      from = 'leader';
      const waitMs = expBackoff(attempt, failure instanceof ConflictError ? 2 : 50, 500);
      if (conflicts > MAX_CONFLICTS || this.#clock.monotonicMs() + waitMs > end) throw failure;
      await sleep(this.#clock, waitMs, signal);
    }
  }

  /** Removes the record, which nobody else changes any more, as a rule. Throws like `modify`. */
  async discard(tokens: TokenValues<P>): Promise<void> {
    const key = this.#type.key(tokens);
    const recalled = this.#recollection?.get(key);
    this.#recollection?.delete(key);
    if (recalled !== undefined && (await this.remove(recalled.revision))) return;
    await this.modify(tokens, () => 'remove');
  }

  /** What was written here last, for one attempt. */
  #recall(key: string): Known<z.output<S>> | undefined {
    const recalled = this.#recollection?.get(key);
    this.#recollection?.delete(key);
    return recalled?.value === undefined ? undefined : { value: recalled.value, revision: recalled.revision };
  }

  /** All records there are now with these tokens, in no order. For operators and start-up, not for calls. */
  async list(tokens: Partial<TokenValues<P>> = {}): Promise<Entry<z.output<S>>[]> {
    await this.#connection.connected(this.#type.name);
    try {
      return await this.#list(this.#type.keys(tokens));
    } catch (error) {
      throw toBusError(error, `${this.#type.name}: list`);
    }
  }

  async #list(key: string): Promise<Entry<z.output<S>>[]> {
    const found: Entry<z.output<S>>[] = [];
    const kv = await this.#connection.js.views.kv(this.#type.name, { bindOnly: true, allow_direct: true });
    const state = { complete: false, stop: (): void => undefined };
    const initializedFn = (): void => {
      state.complete = true;
      state.stop();
    };
    const watch = await kv.watch({ key, initializedFn });
    state.stop = () => watch.stop();
    if (state.complete) state.stop();
    let stalled = this.#clock.after(LIST_STALL_MS, state.stop);
    for await (const { operation, key, value, revision, created } of watch) {
      stalled.cancel();
      stalled = this.#clock.after(LIST_STALL_MS, state.stop);
      if (operation === 'PUT') {
        found.push({ key, value: this.#parse(value), revision, storedAtMs: created.getTime() });
      }
    }
    stalled.cancel();
    if (!state.complete) throw new BusUnavailableError(`${this.#type.name}: the list stopped half-way`);
    return found;
  }

  async #apply(
    key: string,
    current: Known<z.output<S>> | undefined,
    decided: Exclude<Change<z.output<S>>, 'keep'>,
  ): Promise<boolean> {
    if (decided !== 'remove') {
      const revision = await this.#write(key, decided.set, current?.revision ?? 0);
      if (revision !== undefined && decided.isLast === true) this.#recollection?.set(key, { revision });
      return revision !== undefined;
    }
    return current === undefined || (await this.remove(current.revision));
  }

  async #read(
    key: string,
    from: 'any replica' | 'leader',
    timeoutMs?: number,
  ): Promise<Entry<z.output<S>> | undefined> {
    await this.#connection.connected(this.#type.name);
    const subject = `$KV.${this.#type.name}.${key}`;
    try {
      const { exchange, jsm } = this.#connection;
      const stored: Stored | undefined = await this.#step('read', () =>
        from === 'leader'
          ? getFromLeader(jsm, this.#stream, subject)
          : getDirect(exchange, this.#stream, subject, timeoutMs),
      );
      if (stored === undefined) return undefined;
      return { key, value: this.#parse(stored.data), revision: stored.sequence, storedAtMs: stored.storedAtMs };
    } catch (error) {
      throw toBusError(error, `${this.#type.name}: read`);
    }
  }

  /** The new revision, or undefined when `expected` is not the present one. */
  async #write(
    key: string,
    value: z.output<S>,
    expected: number | undefined,
    mayWait = true,
  ): Promise<number | undefined> {
    await this.#connection.connected(this.#type.name);
    if (this.#connection.faults?.refusesWritesTo(this.#type.name) === true)
      throw new BusUnavailableError(`${this.#type.name}: write refused on purpose`);
    const lateMs = this.#connection.faults?.writesLateBy(this.#type.name) ?? 0;
    if (lateMs > 0) await sleep(this.#clock, lateMs);
    const options = expected === undefined ? {} : { expect: { lastSubjectSequence: expected } };
    const leaving = this.#gathers && mayWait ? this.#connection.departures.next() : undefined;
    if (leaving !== undefined) await leaving;
    try {
      const subject = `$KV.${this.#type.name}.${key}`;
      const { jetstream } = this.#connection;
      const { seq } = await this.#step('write', () => jetstream.publish(subject, encode(value), options));
      this.#recollection?.set(key, { value, revision: seq });
      return seq;
    } catch (error) {
      const failure = classifyNatsFailure(error);
      if (failure === 'conflict') return undefined;
      // Connected, and nobody is there to write: those who are there elect him.
      if (failure === 'unavailable' && this.#connection.isConnected()) this.#connection.faults?.pass('in-election');
      throw toBusError(error, `${this.#type.name}: write`);
    }
  }

  /** One exchange with the bus, shown in the trace of whatever it is done for. */
  #step<T>(operation: string, work: () => Promise<T>): Promise<T> {
    const { name } = this.#type;
    const attributes = { 'db.system.name': 'nats', 'db.operation.name': operation, 'db.collection.name': name };
    return withStep(`kv ${operation} ${name}`, { kind: SpanKind.CLIENT, attributes }, work);
  }

  /** Whether a record is as one that was to be written is read. */
  #isSame(stored: z.output<S> | undefined, written: z.output<S>): boolean {
    return stored !== undefined && isDeepStrictEqual(stored, this.#parse(encode(written)));
  }

  #parse(data: Uint8Array): z.output<S> {
    return parseContract(`bucket ${this.#type.name}`, this.#type.value, decode(data));
  }
}
