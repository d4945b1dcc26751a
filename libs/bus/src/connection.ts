import { type Clock, systemClock } from '@callweave/clock';
import { type Logger } from '@callweave/telemetry';
import {
  connect,
  type ConnectionOptions,
  Events,
  type JetStreamClient,
  type JetStreamManager,
  type NatsConnection,
} from 'nats';
import { Departures } from './departures.ts';
import { BusUnavailableError } from './errors.ts';
import { Exchange } from './exchange.ts';
import { type Faults } from './faults/faults.ts';
import { openRelay } from './faults/relay.ts';
import { JetStream } from './jetstream.ts';
import { Presence } from './presence.ts';

export interface ConnectionSettings {
  /** One or more `nats://host:port` or `nats://user:password@host:port`, separated by commas. */
  readonly url: string;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** Connection name, shown by the server; also the inbox prefix its permissions allow. */
  readonly name: string;
  /** How long the first connection may take, ms. */
  readonly connectMs?: number;
  /** Whether a server that is not there yet is waited for, which is what services do. */
  readonly waitForServer?: boolean;
  readonly clock?: Clock;
  /** What goes wrong on purpose; undefined: nothing, and nothing stands between us and the servers. */
  readonly faults?: Faults | undefined;
}

/** One connection to NATS that comes back by itself, for ever. */
export interface Connection {
  readonly nc: NatsConnection;
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
  /** Questions of every call go here, not to the client's own `request` and `publish`. */
  readonly exchange: Exchange;
  readonly jetstream: JetStream;
  readonly faults: Faults | undefined;
  /** When what nobody waits for leaves. */
  readonly departures: Departures;
  isConnected(): boolean;
  /** Whether there is no connection, and none is expected back at once. */
  isAway(): boolean;
  /** Resolves when there is a connection; throws `BusUnavailableError`, naming `what`, when none comes back at once. */
  connected(what: string): Promise<void>;
  /** Calls `action` after each reconnection. */
  onReconnect(action: () => void): void;
}

const JETSTREAM_TIMEOUT_MS = 2_000;

/** Inbox prefix of a service's user, so that nobody reads another's answers. */
export function inboxPrefix(name: string): string {
  return `_INBOX_${name}`;
}

/** Connects; waits for a server that is not there yet, or that refuses the credentials, unless told otherwise. */
export async function openConnection(settings: ConnectionSettings, log: Logger): Promise<Connection> {
  const servers = settings.url.split(',').map((url) => new URL(url));
  const user = settings.user ?? nonEmpty(servers[0]?.username);
  const password = settings.password ?? nonEmpty(servers[0]?.password);
  const { waitForServer = true, clock = systemClock, faults } = settings;
  const named = servers.map(({ protocol, host }) => `${protocol}//${host}`);
  const relay = faults === undefined ? undefined : await openRelay(named, { faults, clock, log });
  const options: ConnectionOptions = {
    servers: [...(relay?.servers ?? named)],
    name: settings.name,
    inboxPrefix: inboxPrefix(settings.name),
    maxReconnectAttempts: -1,
    // An error captured per request, in case it fails, is a quarter of what asking costs; ours name what they did.
    noAsyncTraces: true,
    // Credentials that are refused now may be right after the next reload of the server.
    ignoreAuthErrorAbort: true,
    reconnectTimeWait: 250,
    reconnectJitter: 100,
    waitOnFirstConnect: waitForServer,
    // Servers of a cluster name each other even to those they refuse, and each would be tried again, for ever.
    ignoreClusterUpdates: !waitForServer || relay !== undefined,
    pingInterval: 2_000,
    maxPingOut: 2,
    timeout: settings.connectMs ?? 5_000,
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { pass: password }),
  };
  const nc = await connect(options);
  const js = nc.jetstream({ timeout: JETSTREAM_TIMEOUT_MS });
  const jsm = await nc.jetstreamManager({ timeout: JETSTREAM_TIMEOUT_MS, checkAPI: false });
  const exchange = new Exchange(nc, clock, inboxPrefix(settings.name));
  const reconnected: (() => void)[] = [];
  if (relay !== undefined) void nc.closed().then(() => relay.close());
  const presence = new Presence(clock);
  void followStatus(nc, log, (isThere) => {
    presence.changed(isThere);
    if (isThere) for (const action of reconnected) action();
  });
  const isConnected = (): boolean => presence.isThere && !nc.isClosed();
  return {
    nc,
    js,
    jsm,
    exchange,
    jetstream: new JetStream(exchange, JETSTREAM_TIMEOUT_MS),
    faults,
    departures: new Departures(clock),
    isConnected,
    isAway: () => presence.isAway || nc.isClosed(),
    connected: async (what) => {
      if (isConnected() || (!nc.isClosed() && (await presence.comesBack()))) return;
      throw new BusUnavailableError(`${what}: no connection`);
    },
    onReconnect: (action) => reconnected.push(action),
  };
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === undefined || text === '' ? undefined : decodeURIComponent(text);
}

async function followStatus(nc: NatsConnection, log: Logger, changed: (connected: boolean) => void): Promise<void> {
  for await (const status of nc.status()) {
    switch (status.type) {
      case Events.Disconnect:
        log.warn('bus.disconnected', { server: status.data });
        changed(false);
        break;
      case Events.Reconnect:
        log.info('bus.reconnected', { server: status.data });
        changed(true);
        break;
      case Events.Error:
        log.error('bus.error', { detail: status.data, permission: status.permissionContext });
        break;
      default:
        log.debug('bus.status', { type: status.type });
    }
  }
}
