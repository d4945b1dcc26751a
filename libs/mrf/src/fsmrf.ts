import { createRequire } from 'node:module';

/** The part of drachtio-fsmrf's result of an application that we use. */
export interface FsmrfEvent {
  getHeader(name: string): string | undefined;
}

/** The part of drachtio-fsmrf's endpoint that we use. */
export interface FsmrfEndpoint {
  readonly uuid: string;
  readonly connected: boolean;
  readonly local: { readonly sdp: string };
  /** The event socket of its own; null when that is closed. */
  readonly conn: { disconnect(): void } | null;
  /** Its call by SIP. */
  readonly dialog: { destroy(): void };
  play(files: string | readonly string[]): Promise<FsmrfPlayed>;
  execute(application: string, argument?: string): Promise<FsmrfEvent>;
  modify(sdp: string): Promise<unknown>;
  destroy(): Promise<void>;
  on(event: 'destroy', listener: (event?: { readonly reason?: string }) => void): void;
}

/** What drachtio-fsmrf tells of sound that was played. */
export interface FsmrfPlayed {
  readonly playbackMilliseconds: string;
}

/** The part of drachtio-fsmrf's media server that we use. */
export interface FsmrfMediaServer {
  readonly currentSessions: number;
  readonly maxSessions: number;
  readonly conn: { readonly reconnectVars: { retryTimer: NodeJS.Timeout | null } } | null;
  connected(): boolean;
  createEndpoint(options: { remoteSdp?: string; headers?: Record<string, string> }): Promise<FsmrfEndpoint>;
  disconnect(): void;
  on(event: 'end', listener: () => void): void;
  on(event: 'error', listener: (error: unknown) => void): void;
}

/** How drachtio-fsmrf is told to connect. */
export interface FsmrfConnectOptions {
  readonly address: string;
  readonly port: number;
  readonly secret: string;
  readonly profile: string;
  readonly listenAddress: string;
  readonly listenPort: number;
  readonly advertisedAddress?: string;
  readonly advertisedPort?: number;
}

/** The part of drachtio-fsmrf that we use. */
export interface Fsmrf {
  connect(options: FsmrfConnectOptions): Promise<FsmrfMediaServer>;
}

const load = createRequire(import.meta.url);

/** drachtio-fsmrf over `srf`, of which it uses `createUAC` alone. */
export function createFsmrf(srf: unknown): Fsmrf {
  const Mrf = load('drachtio-fsmrf') as new (srf: unknown) => Fsmrf;
  return new Mrf(srf);
}
