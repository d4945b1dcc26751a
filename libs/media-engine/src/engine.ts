import { type BlockList, isIPv6 } from 'node:net';
import { type Clock, type Timer } from '@callweave/clock';
import { cryptoIds, type IdSource } from '@callweave/sip';
import { parseNetworks } from '@callweave/sip-engine';
import { counter, gauge, type Logger } from '@callweave/telemetry';
import { type Channel } from './channel/channel.ts';
import { hangupCause } from './channel/hangup-cause.ts';
import { ApiCommands } from './control/api.ts';
import { type CommandDeps } from './control/commands.ts';
import { EventHub } from './control/event.ts';
import { EventSource } from './control/event-source.ts';
import { heartbeat } from './control/heartbeat.ts';
import { InboundServer } from './control/inbound-server.ts';
import { Pacer } from './media/pacer.ts';
import { PortPool } from './media/port-pool.ts';
import { activeChannels, beatsSkipped } from './metrics.ts';
import { DEFAULT_PROFILE, defaultLimits, type MediaEngineLimits, type MediaEngineOptions } from './options.ts';
import { Calls } from './sip/calls.ts';
import { SipLink } from './sip/sip-link.ts';
import { WavFiles } from './sound/sound-library.ts';

/** What an engine holds right now. */
export interface MediaEngineStats {
  /** Calls, also those not answered yet. */
  readonly calls: number;
  readonly mediaPorts: number;
  readonly clients: number;
}

/** A running media server that applications direct through FreeSWITCH's event socket. */
export interface MediaEngine {
  readonly eslPort: number;
  /** `address:port` at which SIP is listened for. */
  readonly sipAddress: string;
  stats(): MediaEngineStats;
  /** Refuses new calls with 503; resolves when the last one is over. */
  drain(): Promise<void>;
  /** Ends every call and closes every socket. */
  stop(): Promise<void>;
}

export interface MediaEngineDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly ids?: IdSource;
}

/** Binds everything and starts to serve. Rejects when an address is taken or a network cannot be read. */
export async function startMediaEngine(options: MediaEngineOptions, deps: MediaEngineDeps): Promise<MediaEngine> {
  const engine = new Engine(options, deps);
  await engine.start();
  return engine;
}

const HEARTBEAT_MS = 20_000;
const DRAIN_CHECK_MS = 100;

class Engine implements MediaEngine {
  readonly #options: MediaEngineOptions;
  readonly #deps: MediaEngineDeps;
  readonly #limits: MediaEngineLimits;
  readonly #peers: readonly BlockList[];
  readonly #channels = new Map<string, Channel>();
  readonly #ports: PortPool;
  readonly #hub = new EventHub();
  readonly #events: EventSource;
  readonly #commands: CommandDeps;
  readonly #calls: Calls;
  #sip: SipLink | undefined;
  #inbound: InboundServer | undefined;
  #heartbeat: Timer | undefined;
  #isDraining = false;

  constructor(options: MediaEngineOptions, deps: MediaEngineDeps) {
    const { clock, log, ids = cryptoIds() } = deps;
    this.#options = options;
    this.#deps = deps;
    this.#limits = { ...defaultLimits, ...options.limits };
    this.#peers = options.peers.map((peers) => parseNetworks(peers));
    this.#ports = new PortPool(options.rtp);
    const profile = options.profile ?? DEFAULT_PROFILE;
    const newUuid = (): string => ids.uuid();
    this.#events = new EventSource({ clock, hub: this.#hub, coreUuid: newUuid(), address: options.sip.address });
    const api = new ApiCommands({
      ...{ clock, profile, newUuid, channels: this.#channels, events: this.#events },
      sipAddress: () => this.sipAddress,
    });
    this.#commands = { api, events: this.#events, newUuid, channel: (uuid) => this.#channels.get(uuid) };
    const skipped = counter(beatsSkipped);
    this.#calls = new Calls({
      ...{ profile, clock, log, commands: this.#commands, hub: this.#hub, channels: this.#channels },
      ...{ limits: this.#limits, ports: this.#ports, rtpAddress: options.rtp.address },
      sip: () => this.#link,
      pacer: new Pacer({ clock, onSkipped: (beats) => skipped.add(beats) }),
      admits: (address) => this.#admits(address),
      isDraining: () => this.#isDraining,
      sounds: new WavFiles({ directory: options.soundsDir, log }),
    });
    gauge(activeChannels, () => this.#channels.size);
  }

  async start(): Promise<void> {
    const { sip, esl } = this.#options;
    const { clock, log } = this.#deps;
    this.#sip = await SipLink.open(sip, { clock, log, onRequest: (incoming) => this.#calls.onRequest(incoming) });
    try {
      this.#inbound = await InboundServer.listen(esl, {
        ...{ password: esl.password, limits: this.#limits, commands: this.#commands, hub: this.#hub, clock, log },
        admits: (address) => this.#admits(address),
      });
    } catch (error) {
      await this.#sip.close();
      throw error;
    }
    const startedMs = clock.monotonicMs();
    this.#heartbeat = clock.every(HEARTBEAT_MS, () =>
      this.#events.publish(
        heartbeat({
          upMs: clock.monotonicMs() - startedMs,
          sessions: this.#channels.size,
          maxSessions: this.#limits.maxChannels,
        }),
      ),
    );
    log.info('media-engine.listening', { sip: this.sipAddress, eslPort: this.eslPort });
  }

  get eslPort(): number {
    return this.#inbound?.port ?? 0;
  }

  get sipAddress(): string {
    return this.#link.hostPort;
  }

  stats(): MediaEngineStats {
    return { calls: this.#calls.size, mediaPorts: this.#ports.taken, clients: this.#inbound?.clients ?? 0 };
  }

  drain(): Promise<void> {
    this.#isDraining = true;
    return new Promise((resolve) => {
      const check = (): void => {
        if (this.#calls.size === 0) resolve();
        else this.#deps.clock.after(DRAIN_CHECK_MS, check);
      };
      check();
    });
  }

  async stop(): Promise<void> {
    this.#isDraining = true;
    this.#heartbeat?.cancel();
    for (const channel of this.#channels.values()) channel.hangUp(hangupCause('SERVICE_UNAVAILABLE'), true);
    await this.#inbound?.close();
    await this.#link.close();
  }

  get #link(): SipLink {
    if (this.#sip === undefined) throw new TypeError('the engine has not started');
    return this.#sip;
  }

  #admits(address: string): boolean {
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    return this.#peers.some((network) => network.check(address, family));
  }
}
