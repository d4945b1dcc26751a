import { createHash } from 'node:crypto';
import { type Clock } from '@callweave/clock';
import { cryptoIds, type IdSource, SipSyntaxError } from '@callweave/sip';
import { type Logger } from '@callweave/telemetry';
import { type Command } from './control/commands.ts';
import { RequestHandlers } from './control/request-handlers.ts';
import { ControlServer } from './control/server.ts';
import { type WhenSent } from './control/session.ts';
import { type ControlUser, Sessions } from './control/sessions.ts';
import { type App } from './core/app.ts';
import { Capture } from './capture.ts';
import { CallRecords } from './core/call-records.ts';
import { carry, isCarrier } from './core/carry.ts';
import { Connections } from './core/connections.ts';
import { type Core } from './core/context.ts';
import { DialogSender } from './core/dialog-sender.ts';
import { DialogStore } from './core/dialog-store.ts';
import { HandledRequests } from './core/handled-requests.ts';
import { NextApp } from './core/next-app.ts';
import { InDialogForwarder } from './core/proxy/in-dialog.ts';
import { Proxy } from './core/proxy/proxy.ts';
import { Signer } from './core/proxy/signer.ts';
import { type ProxyReport, type ProxyWish } from './core/proxy/wish.ts';
import { drachtioQuirks, noQuirks } from './core/quirks.ts';
import { SessionTimers } from './core/session-timers.ts';
import { Subscriptions } from './core/subscriptions.ts';
import { Screen } from './core/screen.ts';
import { namedBranches } from './core/stray-response.ts';
import { Uac } from './core/uac.ts';
import { Uas } from './core/uas.ts';
import { RefusedError } from './errors.ts';
import { LimitCounts, type LimitName } from './limit-counts.ts';
import { FAULTS, MessageFaults } from './message-faults.ts';
import { MessageLog, type MessageTap } from './message-log.ts';
import { NextHops } from './locate/next-hop.ts';
import { createResolver } from './locate/resolver.ts';
import { defaultLimits, defaultOverload, ENGINE_VERSION, type SipEngineOptions } from './options.ts';
import { Overload } from './overload/overload.ts';
import { TransactionStore } from './transaction/store.ts';
import { defaultTimers } from './transaction/timers.ts';
import { TimerWheel } from './transaction/wheel.ts';
import { Listeners } from './transport/listeners.ts';
import { type TlsOptions } from './transport/tls-options.ts';
import { Room } from './transport/room.ts';
import {
  type Flow,
  type Inbound,
  isRequest,
  isResponse,
  type Protocol,
  type TransportUser,
} from './transport/transport.ts';

/** What an engine holds right now. */
export interface EngineStats {
  readonly transactions: number;
  readonly dialogs: number;
  readonly connections: number;
  /** Of those, how many by which protocol; only protocols that are listened for by connections. */
  readonly connectionsBy: ReadonlyMap<Protocol, number>;
  /** What all connections hold of messages that have not ended or are not read. */
  readonly bufferedBytes: number;
  readonly apps: number;
  /** Requests that wait for an application or for the network. */
  readonly pending: number;
  /** Timers of transactions and of what belongs to them. */
  readonly timers: number;
  /** How often each limit was reached so far. */
  readonly limits: ReadonlyMap<LimitName, number>;
  /** Which share of new requests is let in: 1 unless overloaded. */
  readonly admittedShare: number;
  /** What messages wait before they are looked at, ms. */
  readonly queueDelayMs: number;
}

/** A running SIP server that applications drive through drachtio's control protocol. */
export interface SipEngine {
  readonly instance: string;
  /** What is really listened at, as `proto/address:port`; external addresses where configured. */
  readonly contacts: readonly string[];
  readonly controlPort: number;
  /** The port for applications that connect by TLS. */
  readonly secureControlPort: number | undefined;
  stats(): EngineStats;
  /** Whether messages may be waiting that the present turn of the event loop leaves to the next; asked once a turn. */
  leftSome(): boolean;
  /**
   * Shows another certificate to whoever connects from now on; connections go on. Throws, and nothing changes, when it
   * cannot be used.
   */
  renewTls(tls: TlsOptions): void;
  /**
   * Refuses everything new with 503; resolves when nothing taken on before is pending. What is sent again is sent five
   * times in 16*T1: by then requests that nobody has answered anything are not waited for, and nothing is when no
   * application has been there for as long to be told how it ends.
   */
  drain(): Promise<void>;
  /** Closes every socket. */
  stop(): Promise<void>;
}

export interface EngineDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly ids?: IdSource;
  /** Numbers from 0 up to, not including, 1, for what is left to chance. */
  readonly random?: () => number;
}

/** Binds everything and starts to serve. Rejects with `BindError` when an address is taken. */
export async function startSipEngine(options: SipEngineOptions, deps: EngineDeps): Promise<SipEngine> {
  const engine = new Engine(options, deps);
  await engine.start();
  return engine;
}

/** How often a draining engine looks whether it is done. */
const DRAIN_CHECK_MS = 100;

class Engine implements SipEngine, TransportUser, ControlUser {
  readonly instance: string;
  readonly #options: SipEngineOptions;
  readonly #deps: EngineDeps;
  readonly #listeners = new Listeners();
  readonly #transactions: TransactionStore;
  readonly #core: Core;
  readonly #uac: Uac;
  readonly #uas: Uas;
  readonly #proxy: Proxy;
  readonly #limits = new LimitCounts();
  readonly #room: Room;
  readonly #overload: Overload;
  readonly #apps: Sessions;
  readonly #nextApp: NextApp;
  readonly #handlers: RequestHandlers;
  readonly #screen: Screen | undefined;
  readonly #taps: readonly MessageTap[];
  readonly #capture: Capture | undefined;
  readonly #faults: MessageFaults | undefined;
  readonly onSent: ((flow: Flow, bytes: Buffer) => void) | undefined;
  readonly onLeaving: ((bytes: Buffer, go: () => void) => void) | undefined;
  #control: ControlServer | undefined;
  #secureControl: ControlServer | undefined;
  #isDraining = false;

  constructor(options: SipEngineOptions, deps: EngineDeps) {
    const ids = namedBranches(deps.ids ?? cryptoIds(), options.instance);
    this.#options = options;
    this.#deps = { ...deps, ids };
    this.instance = options.instance ?? ids.uuid();
    this.#transactions = new TransactionStore(options.limits?.maxTransactions ?? defaultLimits.maxTransactions);
    const wheel = new TimerWheel(deps.clock);
    const dialogs = new DialogStore(wheel);
    const quirks = options.compat === 'drachtio' ? drachtioQuirks : noQuirks;
    const overload = options.overload === 'off' ? undefined : { ...defaultOverload, ...options.overload };
    this.#overload = new Overload(overload, {
      ...{ ...deps, ids, transactions: this.#transactions, limits: this.#limits, dialogs, quirks },
      maxDialogs: options.limits?.maxDialogs ?? defaultLimits.maxDialogs,
    });
    const limits = { ...defaultLimits, ...options.limits };
    this.#room = new Room(limits, this.#limits);
    const { clock, log } = deps;
    this.#capture = options.capture === undefined ? undefined : new Capture(options.capture, { clock, log });
    const messageLog = options.logsMessages === true ? new MessageLog(log) : undefined;
    const taps = [messageLog, this.#capture].filter((tap) => tap !== undefined);
    this.#taps = taps;
    this.onSent = taps.length === 0 ? undefined : (flow, bytes) => taps.forEach((tap) => tap.sent(flow, bytes));
    const random = deps.random ?? Math.random;
    const faults = options.faults === 'on' ? new MessageFaults({ clock, log, random }) : undefined;
    this.#faults = faults;
    this.onLeaving = faults === undefined ? undefined : (bytes, go) => faults.leaving(bytes, go);
    this.#screen = options.screening === undefined ? undefined : new Screen(options.screening, { log, quirks });
    const apps = new Sessions(
      {
        ...limits,
        quirks,
        secret: options.control.secret,
        maxUnanswered: this.#overload.maxUnanswered,
      },
      { user: this, clock, log, ids, limits: this.#limits },
    );
    this.#apps = apps;
    const { maxUnanswered = defaultOverload.maxUnanswered } = this.#overload;
    this.#nextApp = new NextApp({ apps, clock, graceMs: options.appGraceMs ?? 0, maxWaiting: maxUnanswered });
    this.#handlers = new RequestHandlers(options.requestHandlers ?? [], { apps, clock, log, ca: options.tls?.peerCa });
    this.#core = {
      instance: options.instance,
      listeners: this.#listeners,
      transactions: this.#transactions,
      dialogs,
      connections: new Connections({ clock, apps, dialogs, limits: this.#limits }, (dialog, reason) =>
        sender.hangUp(dialog, reason),
      ),
      apps,
      wheel,
      timers: options.timers ?? defaultTimers,
      clock: deps.clock,
      ids,
      log: deps.log,
      overload: this.#overload,
      limits: this.#limits,
      records: options.cdrs === true ? new CallRecords(apps, options.compat === 'drachtio') : undefined,
      quirks,
      defaultRefresher: options.defaultRefresher,
      offersUnknownDialogs: options.offerUnknownDialogs ?? false,
      handlerOf: (method) => {
        const route = this.#handlers.of(method);
        return route === undefined ? undefined : (pending, request) => handled.handle(pending, route(request));
      },
      nextApp: this.#nextApp,
      outboundProxy: options.outboundProxy,
      udpMtu: options.udpMtu,
      isDraining: () => this.#isDraining,
    };
    const resolver = options.resolver ?? createResolver({ servers: options.dnsServers }, clock);
    const hops = new NextHops({ listeners: this.#listeners, resolver, clock, random });
    // Every engine with the secret knows the routes of the others.
    const signer = new Signer(createHash('sha256').update(`routes ${options.control.secret}`).digest());
    const forwarder = new InDialogForwarder(this.#core, hops, signer);
    const sender = new DialogSender(this.#core);
    const parts = { core: this.#core, sender, ender: sender, hops, forwarder };
    const usages = { sessions: new SessionTimers(this.#core, sender), subscriptions: new Subscriptions(this.#core) };
    this.#uac = new Uac({ ...parts, ...usages });
    this.#uas = new Uas({ ...parts, ...usages, invites: this.#uac });
    this.#proxy = new Proxy(this.#core, this.#uas, hops, signer);
    const handled = new HandledRequests(this.#core, this.#uas, this.#proxy);
  }

  async start(): Promise<void> {
    const { contacts, control, tls, natDetection, webSockets } = this.#options;
    const { clock, log } = this.#deps;
    const limits = { ...defaultLimits, ...this.#options.limits };
    const room = this.#room;
    const settings = { ...limits, ...webSockets, tls, natDetection };
    await this.#listeners.bind(contacts, settings, { user: this, clock, log, room });
    try {
      this.#control = await ControlServer.listen(control, this.#apps, log);
      if (control.tlsPort !== undefined) {
        const endpoint = { address: control.address, port: control.tlsPort, tls };
        this.#secureControl = await ControlServer.listenSecurely(endpoint, this.#apps, log);
      }
    } catch (error) {
      await this.#control?.close();
      await this.#listeners.close();
      this.#capture?.close();
      throw error;
    }
    this.#overload.watch(this.#listeners.all);
  }

  get contacts(): readonly string[] {
    return this.#listeners.hostPorts();
  }

  get controlPort(): number {
    return this.#control?.port ?? 0;
  }

  get secureControlPort(): number | undefined {
    return this.#secureControl?.port;
  }

  stats(): EngineStats {
    return {
      transactions: this.#transactions.size,
      dialogs: this.#core.dialogs.size,
      connections: this.#listeners.connections,
      connectionsBy: this.#listeners.connectionsBy(),
      bufferedBytes: this.#room.bytes,
      apps: this.#apps.size,
      pending: this.#pending(),
      timers: this.#core.wheel.size,
      limits: this.#limits.all(),
      admittedShare: this.#overload.share,
      queueDelayMs: this.#overload.delayMs,
    };
  }

  leftSome(): boolean {
    return this.#listeners.leftSome();
  }

  renewTls(tls: TlsOptions): void {
    this.#listeners.renewTls(tls);
    this.#secureControl?.renew(tls);
  }

  drain(): Promise<void> {
    this.#isDraining = true;
    const patienceMs = 16 * this.#core.timers.t1;
    return new Promise((resolve) => {
      const check = (silentMs: number, unattendedMs: number): void => {
        const waiting = this.#uac.pending.filter(({ isProceeding }) => isProceeding || silentMs < patienceMs);
        const nextMs = this.#apps.size === 0 ? unattendedMs + DRAIN_CHECK_MS : 0;
        if (this.#pending(waiting) === 0 || unattendedMs >= patienceMs) resolve();
        else this.#deps.clock.after(DRAIN_CHECK_MS, () => check(silentMs + DRAIN_CHECK_MS, nextMs));
      };
      check(0, 0);
    });
  }

  async stop(): Promise<void> {
    this.#isDraining = true;
    this.#overload.stop();
    this.#handlers.stop();
    this.#nextApp.stop();
    const closed = [this.#control, this.#secureControl].map((control) => control?.close() ?? Promise.resolve());
    this.#apps.close();
    await Promise.all(closed);
    await this.#listeners.close();
    this.#capture?.close();
  }

  #pending(asked: readonly unknown[] = this.#uac.pending): number {
    return this.#uas.pending + asked.length + this.#proxy.pending;
  }

  onMessage(inbound: Inbound): void {
    const { message, flow } = inbound;
    if (this.#faults === undefined || flow.protocol !== 'udp') this.#receive(inbound);
    else this.#faults.arrived(message.headers, () => this.#receive(inbound));
  }

  #receive(inbound: Inbound): void {
    const { origin } = inbound.message;
    if (origin !== undefined) this.#seen(inbound.flow, origin.bytes);
    try {
      if (isRequest(inbound)) {
        if (this.#screen?.takes(inbound) === true) return;
        if (!this.#overload.refuses(inbound)) this.#uas.receive(inbound);
      } else if (isResponse(inbound)) this.#uac.receive(inbound);
    } catch (error) {
      // A defect of ours in one message must not end every call there is.
      this.#deps.log.error('message.failed', { peer: inbound.flow.remoteAddress, err: error });
    }
  }

  onUnreadable(flow: Flow, bytes: Buffer): void {
    this.#seen(flow, bytes);
  }

  #seen(flow: Flow, bytes: Buffer): void {
    for (const tap of this.#taps) tap.received(flow, bytes);
  }

  onProbe(bytes: Buffer): void {
    this.#overload.onProbe(bytes);
  }

  onFlowClosed(flow: Flow): void {
    this.#transactions.flowClosed(flow);
    this.#uas.flowClosed(flow);
    this.#core.connections.closed(flow);
  }

  greeting(): readonly string[] {
    const version = this.#options.version ?? ENGINE_VERSION;
    return [this.#listeners.hostPorts().join(','), version, this.#listeners.localHostPorts().join(',')];
  }

  onSip(app: App, command: Command & { kind: 'sip' }, whenSent: WhenSent): void {
    const { txn, dialog, proxyUri, message } = command;
    const { head, body, startLine } = message;
    if (head.startLine.kind === 'response') {
      whenSent(this.#uas.respond(txn, app, head, body));
      return;
    }
    const refusal = `invalid request-uri: ${startLine}`;
    // A header whose name is none is left out.
    const isReadable = head.problem instanceof SipSyntaxError && head.problem.rule === 'header-line';
    if (head.problem !== undefined && !isReadable) throw new RefusedError(refusal);
    const { method, uri } = head.startLine;
    const keepsRoutes = proxyUri !== undefined && !this.#core.quirks.dropsRoutes;
    const wish = { method, uri, headers: head.headers, body, keepsRoutes };
    if (method === FAULTS && this.#faults !== undefined)
      whenSent(this.#uac.answerHere({ app, wish, proxyUri, refusal }, this.#faults.set(body.toString()) ? 200 : 400));
    else if (dialog !== '') this.#uac.sendInDialog(dialog, app, wish, whenSent);
    else if (method === 'CANCEL') whenSent(this.#uac.cancel(txn, head.headers));
    else if (isCarrier(method)) whenSent(carry(this.#core, app, wish));
    else if (txn !== '') throw new RefusedError('only CANCEL and responses belong to a transaction');
    else this.#uac.send({ app, wish, proxyUri, refusal }, whenSent);
  }

  onProxy(app: App, wish: ProxyWish, report: ProxyReport): void {
    this.#proxy.begin(app, wish, report);
  }

  onRoute(): void {
    this.#nextApp.came();
  }

  onGone(): void {
    this.#nextApp.gone();
  }

  onClosed(app: App): void {
    this.#uas.appClosed(app);
    this.#uac.appClosed(app);
  }
}
