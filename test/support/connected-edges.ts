import { type Connection } from '@callweave/bus';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { type Baresip, type BaresipOptions, startBaresip } from './baresip.ts';
import { callKinds, openCalls } from './call-facts.ts';
import { type EdgePair, startEdgePair } from './edge-pair.ts';
import { setFault } from './faults.ts';
import { freePortOn } from './free-port.ts';
import { mediaSessions } from './media-sessions.ts';
import { type Platform, startPlatform } from './platform.ts';
import { openTcpSwitch, type TcpSwitch } from './tcp-switch.ts';
import { there } from './there.ts';
import { openUdpRouter, type UdpRouter } from './udp-router.ts';
import { until } from './until.ts';

const SHARED = '127.0.0.10';
const OWN = ['127.0.0.11', '127.0.0.12'] as const;
/** A phone that has gone is sent its BYE for 32 s. */
const GONE_MS = 60_000;

interface Made {
  readonly ports: { readonly sip: number; readonly connected: number };
  readonly edges: readonly [EdgePair, EdgePair];
  readonly udp: UdpRouter;
  readonly connections: TcpSwitch;
}

/** Two edges behind one address, made anew for each test, which devices reach by UDP or by connections. */
export class ConnectedEdges {
  #platform: Platform | undefined;
  #bus: Connection | undefined;
  #made: Made | undefined;
  #before = 0;

  /** Starts and ends all of it with the tests of the file that calls this; `flags` are for both engines. */
  constructor(transport: 'tcp' | 'tls' | 'ws', flags: readonly string[] = []) {
    beforeAll(async () => {
      this.#platform = await startPlatform();
      this.#bus = await this.#platform.bus();
    });
    afterAll(() => this.#platform?.stop());
    beforeEach(async () => {
      this.#before = (await callKinds(this.#connection)).size;
      this.#made = await make(there(this.#platform), transport, flags);
    }, 120_000);
    afterEach(async () => {
      const { edges, udp, connections } = there(this.#made);
      await until('nothing is left of any call', () => this.#isNothingLeft(), GONE_MS);
      udp.close();
      connections.close();
      await Promise.all(edges.map((edge) => edge.stop()));
    });
  }

  /** What everybody takes for the platform's address. */
  get domain(): string {
    return SHARED;
  }

  /** `host:port` for UDP. */
  get registrar(): string {
    return `${SHARED}:${String(there(this.#made).ports.sip)}`;
  }

  /** `host:port` for devices with connections. */
  get connected(): string {
    return `${SHARED}:${String(there(this.#made).ports.connected)}`;
  }

  /** The edge that all come to at first. */
  get first(): EdgePair {
    return there(this.#made).edges[0];
  }

  /** A registered phone; whoever has no transport registers by UDP. */
  async phone(user: string, options: Partial<BaresipOptions> = {}): Promise<Baresip> {
    const registrar = options.transport === undefined ? this.registrar : this.connected;
    const phone = await startBaresip({ ...this.account(user), registrar, ...options });
    await phone.waitFor('REGISTER_OK');
    return phone;
  }

  account(user: string): { user: string; password: string } {
    return there(there(this.#platform).accounts.find((known) => known.user === user));
  }

  /** Leads what comes by UDP from now on to the second edge. */
  leadDatagramsAway(): void {
    const { udp, ports } = there(this.#made);
    udp.routeTo(at(1, ports.sip));
  }

  /** Leads everybody who comes from now on to the second edge. */
  leadAway(): void {
    const { connections, ports } = there(this.#made);
    this.leadDatagramsAway();
    connections.leadTo(at(1, ports.connected));
  }

  /** Cuts the first edge off from the bus for so long. */
  async cutOff(forMs: number): Promise<void> {
    await setFault(this.#connection, this.first.instance(), { kind: 'cut-off', way: 'both', forMs });
  }

  /** How many connections there have been. */
  get connections(): number {
    return there(this.#made).connections.accepted;
  }

  /** Ends all connections, as a device does that changes its network. */
  hangUp(): void {
    there(this.#made).connections.hangUp();
  }

  /** Waits until this is the latest event of the one call since the test began; all of them. */
  async toldUntil(kind: string): Promise<string[]> {
    const told = async (): Promise<string[]> => [...(await callKinds(this.#connection)).values()][this.#before] ?? [];
    await until(`${kind} is told`, async () => (await told()).at(-1) === kind, 60_000);
    expect(await callKinds(this.#connection)).toHaveProperty('size', this.#before + 1);
    return told();
  }

  get #connection(): Connection {
    return there(this.#bus);
  }

  async #isNothingLeft(): Promise<boolean> {
    return (await mediaSessions(there(this.#platform))) + (await openCalls(this.#connection)).length === 0;
  }
}

async function make(platform: Platform, transport: string, flags: readonly string[]): Promise<Made> {
  const sip = await freePortOn([SHARED, ...OWN]);
  // An engine has UDP and TCP at one port.
  const connected = transport === 'tcp' ? sip : await freePortOn([SHARED, ...OWN]);
  const start = (host: string): Promise<EdgePair> => {
    const contact = ['--contact', `sip:${host}:${String(connected)};transport=${transport}`, '--external-ip', SHARED];
    return startEdgePair(platform, {
      ...{ host, port: sip, externalIp: SHARED, flags: [...contact, ...flags] },
      settings: { CALLWEAVE_FAULTS: 'on' },
    });
  };
  const edges = await Promise.all([start(OWN[0]), start(OWN[1])]);
  const udp = await openUdpRouter({ host: SHARED, port: sip }, at(0, sip));
  return {
    ports: { sip, connected },
    edges,
    udp,
    connections: await openTcpSwitch(SHARED, connected, at(0, connected)),
  };
}

function at(edge: 0 | 1, port: number): string {
  return `${OWN[edge]}:${String(port)}`;
}
