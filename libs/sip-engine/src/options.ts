import { type CaptureOptions } from './capture.ts';
import { type RequestHandler } from './control/request-handlers.ts';
import { type ContactOption } from './transport/listeners.ts';
import { type ScreenOptions } from './core/screen.ts';
import { type Resolver } from './locate/resolver.ts';
import { type TimerValues } from './transaction/timers.ts';
import { type NatDetection } from './transport/address.ts';
import { type TlsOptions } from './transport/tls-options.ts';
import { type WebSocketOptions } from './transport/ws.ts';

/** How an engine is to run. */
export interface SipEngineOptions {
  /** Where SIP is listened for; at least one. */
  readonly contacts: readonly ContactOption[];
  /** Where applications connect. Port 0 takes any free port. */
  readonly control: ControlOptions;
  /** Who is asked where requests go, and which applications are connected to; none unless given. */
  readonly requestHandlers?: readonly RequestHandler[] | undefined;
  /** Tell applications that route `cdr:attempt`, `cdr:start` and `cdr:stop` of calls. */
  readonly cdrs?: boolean | undefined;
  /** Write every SIP message into the log, at level debug and without credentials. */
  readonly logsMessages?: boolean | undefined;
  /** Who gets a copy of every SIP message; nobody unless given. */
  readonly capture?: CaptureOptions | undefined;
  /** This process among its kind; generated unless given. */
  readonly instance?: string | undefined;
  /** What applications are told to talk to; must begin `vN.N.N`. */
  readonly version?: string | undefined;
  readonly timers?: TimerValues | undefined;
  readonly limits?: Partial<EngineLimits> | undefined;
  /** When new requests are refused so that those before them are served in time; `off` for never. */
  readonly overload?: Partial<OverloadOptions> | 'off' | undefined;
  /** Which new requests are dealt with before applications see them; none unless given. */
  readonly screening?: ScreenOptions | undefined;
  /** Next hop of requests outside dialogs for which an application names none. */
  readonly outboundProxy?: string | undefined;
  /** Requests outside dialogs with more bytes go by TCP where it is listened for, RFC 3261 §18.1.1; none unless given. */
  readonly udpMtu?: number | undefined;
  /** When peers are taken to be behind a NAT, so that they get in-dialog requests where they sent from. */
  readonly natDetection?: NatDetection | undefined;
  /** For contacts with `tls` or `wss`, and applications that connect by TLS. */
  readonly tls?: TlsOptions | undefined;
  readonly webSockets?: WebSocketOptions | undefined;
  /** Who is asked for names; the hosts file, DNS and the operating system unless given. */
  readonly resolver?: Resolver | undefined;
  /** DNS servers to ask instead of the operating system's, as `192.0.2.53` or `192.0.2.53:5353`, in this order. */
  readonly dnsServers?: readonly string[] | undefined;
  /** For rehearsals: whether applications may make things go wrong with SIP messages on purpose. */
  readonly faults?: 'off' | 'on' | undefined;
  /** Do as drachtio-server does also where that is not right; `docs/drachtio-compatibility.md` lists it. */
  readonly compat?: 'drachtio' | undefined;
  /**
   * Who refreshes the session of a caller that leaves it open, RFC 4028: `uac` the caller, `uas` we, `none` nobody. The
   * caller unless given, with `compat` nobody.
   */
  readonly defaultRefresher?: 'none' | 'uac' | 'uas' | undefined;
  /**
   * Ask applications about INVITE, BYE, UPDATE and REFER of a dialog that is not known, which another engine may have
   * had; else they are answered 481.
   */
  readonly offerUnknownDialogs?: boolean | undefined;
  /**
   * How long after an application has gone, and after the start, requests that nobody takes wait for the next one, ms;
   * they are refused at once unless given.
   */
  readonly appGraceMs?: number | undefined;
}

/** Where applications connect, and what they authenticate with. */
export interface ControlOptions {
  readonly address: string;
  readonly port: number;
  readonly secret: string;
  /** A second port, for connections by TLS; undefined for none. */
  readonly tlsPort?: number | undefined;
}

/** Bounds on everything a stranger can make grow. Above them: 503 with Retry-After, or the connection is closed. */
export interface EngineLimits {
  readonly maxTransactions: number;
  /** Established and early ones. */
  readonly maxDialogs: number;
  /** Those that peers open, of all listeners together. */
  readonly maxConnections: number;
  /** Of those, from one address; a NAT, or a balancer that hides addresses, makes many peers one. */
  readonly maxConnectionsPerAddress: number;
  readonly maxApps: number;
  /** An application that leaves this much unread is dropped. */
  readonly maxAppQueuedBytes: number;
  /** A connection is closed whose first message, or the rest of one that has begun, takes longer. */
  readonly messageMs: number;
  /** A connection whose peer leaves this much unread is closed. */
  readonly maxQueuedBytes: number;
  /** What all connections hold together of messages that have not ended or are not read; who adds to that is closed. */
  readonly maxBufferedBytes: number;
}

/** At about 3 kB a transaction and 2 kB a dialog these are 1.3 GB at most. */
export const defaultLimits: EngineLimits = {
  maxTransactions: 200_000,
  maxDialogs: 200_000,
  maxConnections: 100_000,
  maxConnectionsPerAddress: 10_000,
  maxApps: 1_000,
  maxAppQueuedBytes: 32 * 1024 * 1024,
  messageMs: 30_000,
  maxQueuedBytes: 4 * 1024 * 1024,
  maxBufferedBytes: 256 * 1024 * 1024,
};

/** What is too much, measured as a wait and not as a rate: it holds for any machine and any application. */
export interface OverloadOptions {
  /** New requests are refused while every message waits longer than this before it is looked at. */
  readonly maxDelayMs: number;
  /** New requests are refused while an application has not begun to answer this many. */
  readonly maxUnanswered: number;
}

/** A caller repeats himself after 500 ms: what waits for a fifth of that is in time. */
export const defaultOverload: OverloadOptions = { maxDelayMs: 100, maxUnanswered: 1_000 };

/** What applications are told when nothing else is configured. */
export const ENGINE_VERSION = 'v0.9.0-callweave';
