import { getServers } from 'node:dns';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { type Clock } from '@callweave/clock';
import { unbracket } from '@callweave/sip';
import { DnsClient, type DnsReply, type DnsServer, type RecordType } from './dns-client.ts';
import { type SrvData } from 'dns-packet';
import { HostsFile } from './hosts-file.ts';
import { type SrvRecord } from './srv-order.ts';
import { familyOf } from './target.ts';
import { type Perishable, TtlCache } from './ttl-cache.ts';

/** One way to use a service of a domain, RFC 3403 and RFC 3263 §4.1. */
export interface NaptrRecord {
  readonly order: number;
  readonly preference: number;
  readonly flags: string;
  /** `SIP+D2U`, `SIPS+D2T`… */
  readonly services: string;
  readonly replacement: string;
}

/** What names stand for. All of them reject when nobody can tell; what there is not is an empty list. */
export interface Resolver {
  /** Whether a host is one of this place, named by hand or without a dot: it offers no services by DNS. */
  isLocal(host: string): Promise<boolean>;
  services(name: string): Promise<readonly NaptrRecord[]>;
  servers(name: string): Promise<readonly SrvRecord[]>;
  /** The addresses of a host, of one family. */
  addresses(name: string, family: 4 | 6): Promise<readonly string[]>;
}

export interface ResolverOptions {
  /** Whom to ask, `192.0.2.53` or `192.0.2.53:5353`, in this order; those of the operating system unless given. */
  readonly servers?: readonly string[] | undefined;
  /** Where names are given addresses by hand. */
  readonly hostsFile?: string | undefined;
}

/** The operating system does not say for how long. */
const SYSTEM_TTL_SEC = 5;

/** Reads `192.0.2.53`, `192.0.2.53:5353`, `2001:db8::53` or `[2001:db8::53]:5353`; undefined when it is none of them. */
export function parseDnsServer(text: string): DnsServer | undefined {
  if (isIP(text) !== 0) return { address: text, port: 53 };
  const [, host = '', port = '53'] = /^(\[[^\]]+\]|[^:]+)(?::(\d{1,5}))?$/.exec(text) ?? [];
  const address = unbracket(host);
  return isIP(address) === 0 || Number(port) > 65_535 ? undefined : { address, port: Number(port) };
}

/**
 * The hosts file first, then DNS, with what it said kept for as long as it said. Unless DNS servers are given, the
 * operating system is asked for what DNS does not know, and for names without a dot: it has search domains and more.
 */
export function createResolver({ servers, hostsFile }: ResolverOptions, clock: Clock): Resolver {
  const client = new DnsClient(
    (servers ?? getServers()).flatMap((text) => parseDnsServer(text) ?? []),
    clock,
  );
  return new CachingResolver({
    client,
    hosts: new HostsFile(clock, hostsFile),
    asksSystem: servers === undefined,
    clock,
  });
}

interface Parts {
  readonly client: Pick<DnsClient, 'ask'>;
  readonly hosts: Pick<HostsFile, 'of'>;
  readonly asksSystem: boolean;
  readonly clock: Clock;
}

/** Asks whoever knows, and remembers. */
export class CachingResolver implements Resolver {
  readonly #parts: Parts;
  readonly #replies: TtlCache<DnsReply>;
  readonly #system: TtlCache<readonly string[]>;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#replies = new TtlCache(parts.clock);
    this.#system = new TtlCache(parts.clock);
  }

  async isLocal(host: string): Promise<boolean> {
    if (this.#parts.asksSystem && !host.includes('.')) return true;
    return (await this.#parts.hosts.of(host)).length > 0;
  }

  async services(name: string): Promise<readonly NaptrRecord[]> {
    const { answers } = await this.#records(name, 'NAPTR');
    return answers.flatMap((answer) => (answer.type === 'NAPTR' ? [answer.data] : []));
  }

  async servers(name: string): Promise<readonly SrvRecord[]> {
    const { answers } = await this.#records(name, 'SRV');
    return answers.flatMap((answer) => (answer.type === 'SRV' ? [recordOf(answer.data)] : []));
  }

  async addresses(name: string, family: 4 | 6): Promise<readonly string[]> {
    const { hosts, asksSystem } = this.#parts;
    const given = (await hosts.of(name)).filter((address) => familyOf(address) === family);
    if (given.length > 0) return given;
    if (!asksSystem) return this.#byDns(name, family);
    if (!name.includes('.')) return this.#bySystem(name, family);
    const found = await this.#byDns(name, family).catch(() => []);
    return found.length > 0 ? found : this.#bySystem(name, family);
  }

  async #byDns(name: string, family: 4 | 6): Promise<readonly string[]> {
    const type = family === 4 ? 'A' : 'AAAA';
    const { answers } = await this.#records(name, type);
    return answers.flatMap((answer) => (answer.type === type ? [answer.data] : []));
  }

  #bySystem(name: string, family: 4 | 6): Promise<readonly string[]> {
    return this.#system.get(`${name.toLowerCase()} ${family}`, async (): Promise<Perishable<readonly string[]>> => {
      const found = await lookup(name, { family, all: true });
      return { value: found.map(({ address }) => address), ttlSec: SYSTEM_TTL_SEC };
    });
  }

  #records(name: string, type: RecordType): Promise<DnsReply> {
    return this.#replies.get(`${name.toLowerCase()} ${type}`, async () => {
      const reply = await this.#parts.client.ask(name, type);
      return { value: reply, ttlSec: reply.ttlSec };
    });
  }
}

function recordOf({ priority = 0, weight = 0, port, target }: SrvData): SrvRecord {
  return { priority, weight, port, target };
}
