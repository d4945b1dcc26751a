import { type Clock } from '@callweave/clock';
import {
  type BucketType,
  type CloudEvent,
  type EventType,
  InstanceId,
  type RequestType,
  type ServiceProfile,
  streams,
  type StreamType,
  type TokenValues,
} from '@callweave/contracts';
import { ignore, type Logger } from '@callweave/telemetry';
import { type z } from 'zod';
import { Bucket, type BucketOptions } from './bucket.ts';
import { type Connection, type ConnectionSettings, openConnection } from './connection.ts';
import { Consumer, type Handler } from './consumer.ts';
import { answerFaults } from './faults/answer-faults.ts';
import { Faults } from './faults/faults.ts';
import { LiveInstances } from './live-instances.ts';
import { MAX_CLOCK_OFFSET_MS, OwnLease } from './own-lease.ts';
import { Publisher } from './publisher.ts';
import { Follower, type FollowOptions } from './follower.ts';
import { type AnswerOnce, type AskOptions, Requester } from './requester.ts';
import { type Answer, Responder } from './responder.ts';
import {
  type KeptFact,
  keptFacts,
  type KeptFactsOptions,
  keptSince,
  storedFacts,
  type StoredFactsOptions,
} from './stored-facts.ts';
import { Watch, type WatchHandler } from './watch.ts';

export interface BusOptions extends Omit<ConnectionSettings, 'name'> {
  readonly profile: ServiceProfile;
  readonly instance: string;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What a running service has that its access to the bus needs; its configuration is that of `busConfig`. */
export interface BusContext extends Pick<BusOptions, 'instance' | 'version' | 'clock' | 'log'> {
  readonly config: {
    readonly natsUrl: string;
    readonly natsUser?: string | undefined;
    readonly natsPassword?: { reveal(): string } | undefined;
    readonly faults?: 'off' | 'on';
  };
}

/** A service's whole access to the bus; nothing else in a service knows NATS. */
export class Bus {
  readonly #options: BusOptions;
  readonly #connection: Connection;
  readonly #live: LiveInstances;
  readonly #requester: Requester;
  readonly #lease: OwnLease;
  readonly #watches: Watch<z.ZodType>[] = [];
  readonly #followers: Follower[] = [];
  readonly #consumers: Consumer[] = [];
  #responder: Responder | undefined;
  /** Answers for the flow holder we speak for. */
  #holding: Responder | undefined;
  #speaking: Promise<void> = Promise.resolve();
  #publisher: Publisher | undefined;
  #closed: Promise<void> | undefined;

  private constructor(options: BusOptions, connection: Connection) {
    const { profile, instance, version, clock, log } = options;
    this.#options = options;
    this.#connection = connection;
    const deps = { connection, clock, log };
    this.#live = new LiveInstances([...new Set([profile.name, ...profile.asks.map(({ service }) => service)])], deps);
    this.#requester = new Requester({
      nc: connection.exchange,
      connected: (what) => connection.connected(what),
      directory: this.#live.table,
      clock,
    });
    this.#lease = new OwnLease({ service: profile.name, instance: InstanceId.parse(instance), version }, deps);
  }

  /** Connects; waits for a server that is not there yet. */
  static async connect(options: BusOptions): Promise<Bus> {
    const connection = await openConnection({ ...options, name: options.profile.name }, options.log);
    return new Bus(options, connection);
  }

  /** Connects a service by its configuration. */
  static connectService(profile: ServiceProfile, { config, instance, version, clock, log }: BusContext): Promise<Bus> {
    const { natsUrl: url, natsUser: user, natsPassword, faults: allowed } = config;
    const faults = allowed === 'on' ? new Faults({ clock, log }) : undefined;
    const access = { url, user, password: natsPassword?.reveal(), faults };
    return Bus.connect({ ...access, profile, instance, version, clock, log });
  }

  /** Why the bus cannot be worked with now; undefined when it can, if only in a moment. */
  notReady(): string | undefined {
    if (this.#connection.isAway()) return 'no connection to the bus';
    const offsetMs = this.#lease.clockOffsetMs;
    if (Math.abs(offsetMs) > MAX_CLOCK_OFFSET_MS) return `clock is ${String(offsetMs)} ms off the bus server's`;
    return this.#publisher?.notReady;
  }

  /** Version of the server we are connected to. */
  get serverVersion(): string {
    return this.#connection.nc.info?.version ?? 'unknown';
  }

  /** Every stream there is, buckets included. For operators. */
  async streamNames(): Promise<string[]> {
    const names: string[] = [];
    for await (const name of this.#connection.jsm.streams.names()) names.push(name);
    return names;
  }

  /** What goes wrong in this process on purpose; undefined unless that is allowed. */
  get faults(): Faults | undefined {
    return this.#connection.faults;
  }

  isConnected(): boolean {
    return this.#connection.isConnected();
  }

  /** Whether a question of ours is not answered yet. */
  get awaitsAnswers(): boolean {
    return this.#requester.awaitsAnswers;
  }

  /** Asks a question; see `Requester.ask` for what it throws. */
  ask<P extends string, Q extends z.ZodType, R extends z.ZodType>(
    type: RequestType<P, Q, R>,
    tokens: TokenValues<P>,
    data: z.input<Q>,
    options: AskOptions,
  ): Promise<z.output<R>> {
    return this.#requester.ask(type, tokens, data, options);
  }

  /** Puts a question once to the only one who can answer it; see `Requester.askOnce` for what it throws. */
  askOnce<P extends string, Q extends z.ZodType, R extends z.ZodType>(
    type: RequestType<P, Q, R>,
    tokens: TokenValues<P>,
    data: z.input<Q>,
    timeoutMs: number,
  ): Promise<AnswerOnce<z.output<R>>> {
    return this.#requester.askOnce(type, tokens, data, timeoutMs);
  }

  /** The flow holders (SIP engines) that live replicas of this service speak for. */
  holders(): string[] {
    return this.#live.table.holders();
  }

  /** Calls `action` after each reconnection: others may have taken us for dead meanwhile. */
  onReconnect(action: () => void): void {
    this.#connection.onReconnect(action);
  }

  /** The live replicas of this service, this one among them once its lease is out. */
  peers(): string[] {
    return this.#live.table.candidates(this.#options.profile.name);
  }

  bucket<P extends string, S extends z.ZodType>(type: BucketType<P, S>, options: BucketOptions = {}): Bucket<P, S> {
    return new Bucket(type, this.#connection, this.#options.clock, options);
  }

  /** Follows a bucket for as long as the bus lives. */
  watch<S extends z.ZodType>(type: BucketType<string, S>, handler: WatchHandler<z.output<S>>): Watch<S> {
    const { clock, log } = this.#options;
    const watch = new Watch({ type, handler }, { connection: this.#connection, clock, log });
    this.#watches.push(watch);
    return watch;
  }

  /** Follows a stream of the profile for as long as the bus lives. */
  follow(options: FollowOptions): Follower {
    const { clock, log } = this.#options;
    const follower = new Follower(options, { connection: this.#connection, clock, log });
    this.#followers.push(follower);
    return follower;
  }

  /** The facts of a type that are stored now, oldest first; see `storedFacts`. */
  storedFacts<P extends string, S extends z.ZodType>(
    type: EventType<P, S>,
    options: StoredFactsOptions<P>,
  ): AsyncGenerator<CloudEvent & { readonly data: z.output<S> }> {
    return storedFacts(this.#connection, type, options);
  }

  /** All that a stream keeps now, in order; see `keptFacts`. For operators, not for services. */
  keptFacts(stream: StreamType, options: KeptFactsOptions): AsyncGenerator<KeptFact> {
    return keptFacts(this.#connection, stream, options);
  }

  /** Since when a stream keeps what it was told, epoch ms; undefined when it keeps nothing. */
  keptSince(stream: StreamType): Promise<number | undefined> {
    return keptSince(this.#connection, stream);
  }

  /** Opens the way facts are told; `directory` keeps the journal. */
  async openPublisher(directory: string): Promise<Publisher> {
    const { clock, log, instance, profile } = this.#options;
    this.#publisher = await Publisher.open({
      js: this.#connection.jetstream,
      isConnected: () => this.#connection.isConnected(),
      onReconnect: (action) => this.#connection.onReconnect(action),
      clock,
      departures: this.#connection.departures,
      log,
      directory,
      instance,
      source: `callweave/${profile.name}/${instance}`,
    });
    return this.#publisher;
  }

  /** Feeds one durable consumer of the profile to `handler`. */
  async consume(durable: string, eventHandler: Handler): Promise<void> {
    const stream = streams.find(({ events }) => events.includes(eventHandler.type));
    if (stream === undefined) throw new Error(`no stream keeps ${eventHandler.type.type}`);
    const consumer = new Consumer(eventHandler, this.#options);
    await consumer.start(this.#connection, stream.name, durable);
    this.#consumers.push(consumer);
  }

  /** Announces this instance and answers questions from now on. */
  async serve(answers: readonly Answer[] = []): Promise<void> {
    if (answers.length > 0) this.#responder = await this.#respond(answers);
    await this.#offerFaults();
    await this.#lease.renew();
  }

  /**
   * Speaks for the flow holder `instance` from now on and for no other: says so in the lease, and answers the questions
   * that are put to it. Undefined: for none.
   */
  speakFor(instance: InstanceId | undefined, answers: readonly Answer[] = []): Promise<void> {
    this.#speaking = this.#speaking.then(() => this.#speakFor(instance, answers));
    return this.#speaking;
  }

  async #speakFor(instance: InstanceId | undefined, answers: readonly Answer[]): Promise<void> {
    const before = this.#holding;
    this.#holding = undefined;
    const { log } = this.#options;
    before?.drain().catch((error: unknown) => ignore(log, error, 'nobody asks for it any more'));
    if (instance !== undefined) this.#holding = await this.#respond(answers, instance);
    await this.#lease.hold(instance);
  }

  /** An operator may set faults whatever state we are in, and the answer is never one of them. */
  async #offerFaults(): Promise<void> {
    const { faults } = this.#connection;
    if (faults === undefined) return;
    this.#options.log.warn('faults.allowed');
    await this.#respond([answerFaults(faults)], this.#options.instance, { notReady: () => undefined });
  }

  async #respond(
    answers: readonly Answer[],
    addressee?: string,
    {
      notReady = () => this.notReady(),
      faults,
    }: { notReady?: () => string | undefined; faults?: Faults | undefined } = { faults: this.#connection.faults },
  ): Promise<Responder> {
    const { profile, instance, version, clock, log } = this.#options;
    const responder = new Responder({
      notReady,
      faults,
      nc: this.#connection.nc,
      exchange: this.#connection.exchange,
      name: profile.name,
      instance,
      version,
      answers,
      addressee,
      clock,
      log,
    });
    await responder.start();
    return responder;
  }

  /** No new questions or facts; those in hand are answered, what was told is acknowledged. */
  async drain(): Promise<void> {
    await this.#lease.release();
    await Promise.all([
      this.#responder?.drain(),
      this.#holding?.drain(),
      ...this.#consumers.map((consumer) => consumer.drain()),
    ]);
    if (this.#connection.isConnected()) await this.#publisher?.flush();
  }

  /** Ends everything at once; what is not acknowledged stays in the journal. */
  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  async #close(): Promise<void> {
    for (const follower of [...this.#watches, ...this.#followers]) follower.stop();
    this.#live.stop();
    this.#lease.stop();
    // Before anything is waited for: answers must be with the client when it closes.
    this.#connection.exchange.flush();
    await this.#publisher?.close();
    await this.#connection.nc.close();
  }
}
