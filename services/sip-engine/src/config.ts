import { isIP } from 'node:net';
import { parseArgs } from 'node:util';
import {
  type ContactOption,
  type OverloadOptions,
  parseNetwork,
  type Protocol,
  protocols,
  type WebSocketOptions,
  type RequestHandler,
  handlerProblem,
} from '@callweave/sip-engine';
import { type LogLevel } from '@callweave/telemetry';
import { type Flag, flags } from './flags.ts';
import { readTlsFiles, type TlsFiles, TlsFilesError } from './tls-files.ts';

/** How the process is to run. */
export interface EngineConfig {
  readonly contacts: readonly ContactOption[];
  readonly tls: TlsFiles | undefined;
  readonly webSockets: WebSocketOptions;
  readonly address: string;
  readonly port: number;
  /** Where applications connect by TLS; undefined for nowhere. */
  readonly tlsPort: number | undefined;
  /** Who is asked where requests go. */
  readonly requestHandlers: readonly RequestHandler[];
  readonly secret: string;
  /** Whether to do as drachtio-server does also where that is not right. */
  readonly compat: 'drachtio' | undefined;
  /** Whether applications are asked about requests of dialogs that are not known. */
  readonly offerUnknownDialogs: boolean;
  /** When new requests are refused. */
  readonly overload: Partial<OverloadOptions> | 'off';
  readonly logLevel: LogLevel;
  readonly httpHost: string;
  /** Undefined serves no health. */
  readonly httpPort: number | undefined;
  /** Flags that were given and have no effect, each with the reason. */
  readonly warnings: readonly string[];
}

/** What the command line asks for. */
export type CommandLine =
  | { readonly kind: 'run'; readonly config: EngineConfig }
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | { readonly kind: 'wrong'; readonly problems: readonly string[] };

/** drachtio-server's levels and what they are here. */
const LEVELS: ReadonlyMap<string, LogLevel> = new Map([
  ['notice', 'info'],
  ['error', 'error'],
  ['warning', 'warn'],
  ['info', 'info'],
  ['debug', 'debug'],
]);

/** What is listened at without any --contact. */
const DEFAULT_CONTACT = 'sip:*;transport=udp,tcp';

type Draft = { -readonly [key in keyof ContactOption]: ContactOption[key] };

/** What holds where the command line says nothing: what the environment says. */
export interface Defaults {
  readonly secret?: string | undefined;
  readonly httpHost?: string | undefined;
  readonly httpPort?: number | undefined;
}

/** Reads the command line; finds every problem, not just the first. */
export function readCommandLine(args: readonly string[], defaults: Defaults = {}): CommandLine {
  const reader = new Reader(defaults);
  const options = Object.fromEntries(
    Object.entries<Flag>(flags).map(([name, { type, short }]) => [
      name,
      short === undefined ? { type } : { type, short },
    ]),
  );
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true, allowPositionals: true });
  for (const token of tokens) {
    if (token.kind === 'positional') reader.problem(`unexpected argument: ${token.value}`);
    if (token.kind === 'option') reader.option(token.name, token.rawName, token.value);
  }
  if (reader.wants !== undefined) return { kind: reader.wants };
  return reader.finish();
}

class Reader {
  wants: 'help' | 'version' | undefined;
  readonly #problems: string[] = [];
  readonly #warnings: string[] = [];
  readonly #contacts: Draft[] = [];
  readonly #values = new Map<string, string>();
  readonly #origins: string[] = [];
  readonly #defaults: Defaults;

  constructor(defaults: Defaults) {
    this.#defaults = defaults;
  }

  problem(text: string): void {
    this.#problems.push(text);
  }

  option(name: string, rawName: string, value: string | undefined): void {
    const flag: Flag | undefined = isFlag(name) ? flags[name] : undefined;
    if (flag === undefined) this.problem(`unknown flag: ${rawName}`);
    else if (flag.type === 'string' && (value === undefined || value === '')) this.problem(`${rawName} needs a value`);
    else if (flag.type === 'boolean' && value !== undefined) this.problem(`${rawName} takes no value`);
    else if (flag.ignored !== undefined) this.#warnings.push(`--${name} has no effect: ${flag.ignored}`);
    else if (name === 'help' || name === 'version') this.wants ??= name;
    else this.#take(name, value ?? '');
  }

  finish(): CommandLine {
    if (this.#contacts.length === 0) this.#contact(DEFAULT_CONTACT);
    const level = LEVELS.get(this.#values.get('loglevel') ?? 'info');
    if (level === undefined) this.problem('--loglevel must be notice, error, warning, info or debug');
    const address = this.#values.get('address') ?? '0.0.0.0';
    if (isIP(address) === 0) this.problem(`--address is no IP address: ${address}`);
    const port = this.#port('port') ?? 9022;
    const tlsPort = this.#port('tls-port');
    const requestHandlers = this.#handlers();
    const httpPort = this.#port('http-port') ?? this.#defaults.httpPort;
    const tls = this.#tls();
    const compat = this.#compat();
    const overload = this.#overload();
    if (this.#problems.length > 0 || level === undefined) return { kind: 'wrong', problems: this.#problems };
    const config = {
      contacts: this.#contacts,
      tls,
      webSockets: { allowedOrigins: this.#origins.length === 0 ? undefined : this.#origins },
      compat,
      overload,
      offerUnknownDialogs: this.#values.has('offer-unknown-dialogs'),
      address,
      port,
      tlsPort,
      requestHandlers,
      secret: this.#values.get('secret') ?? this.#defaults.secret ?? 'cymru',
      logLevel: level,
      httpHost: this.#values.get('http-host') ?? this.#defaults.httpHost ?? '127.0.0.1',
      httpPort,
      warnings: this.#warnings,
    };
    return { kind: 'run', config };
  }

  #take(name: string, value: string): void {
    if (name === 'contact') this.#contact(value);
    else if (name === 'ws-origin') this.#origins.push(value);
    else if (name === 'external-ip' || name === 'local-net' || name === 'dns-name') this.#attribute(name, value);
    else this.#values.set(name, value);
  }

  /** An attribute belongs to the contact before it. */
  #attribute(name: 'external-ip' | 'local-net' | 'dns-name', value: string): void {
    const contact = this.#contacts.at(-1);
    if (contact === undefined) {
      this.problem(`--${name} must follow a --contact`);
      return;
    }
    if (name === 'dns-name') contact.dnsNames = [...(contact.dnsNames ?? []), value];
    else if (name === 'external-ip') {
      if (isIP(value) === 0) this.problem(`--external-ip is no IP address: ${value}`);
      contact.externalIp = value;
    } else {
      if (!isNetwork(value)) this.problem(`--local-net is no network such as 10.0.0.0/8: ${value}`);
      contact.localNet = value;
    }
  }

  #contact(value: string): void {
    const match = /^(sips?):(\[[0-9a-fA-F:.]+\]|[^:;[\]]+)(?::(\d{1,5}))?((?:;[^;]*)*)$/.exec(value);
    if (match === null) {
      this.problem(`--contact must be like sip:192.0.2.1:5060;transport=udp,tcp: ${value}`);
      return;
    }
    const [, scheme = 'sip', host = '', given, params = ''] = match;
    const address = host.replace(/^\[|\]$/g, '');
    if (address !== '*' && isIP(address) === 0) this.problem(`--contact has no IP address: ${value}`);
    const protocols = this.#protocols(scheme, params, value);
    const port = Number(given ?? (protocols.every((protocol) => protocol === 'tls') ? 5061 : 5060));
    if (port > 65_535) this.problem(`--contact has no such port: ${value}`);
    this.#contacts.push({ address, port, protocols, ...(scheme === 'sips' && { scheme }) });
  }

  #protocols(scheme: string, params: string, contact: string): Protocol[] {
    const named = params.split(';').find((param) => param.startsWith('transport='));
    if (named === undefined) return scheme === 'sips' ? ['tls'] : ['udp', 'tcp'];
    const found: Protocol[] = [];
    for (const name of named.slice('transport='.length).toLowerCase().split(',')) {
      const protocol = protocols.find((known) => known === name);
      if (protocol === undefined) this.problem(`--contact has an unknown transport ${name}: ${contact}`);
      else if (scheme === 'sips' && protocol !== 'tls' && protocol !== 'wss') {
        this.problem(`--contact wants TLS by sips: and ${name}, which is without: ${contact}`);
      } else found.push(protocol);
    }
    return [...new Set(found)];
  }

  #tls(): TlsFiles | undefined {
    const isForSip = this.#contacts.some(({ protocols }) => protocols.includes('tls') || protocols.includes('wss'));
    if (!isForSip && !this.#values.has('tls-port')) return undefined;
    const [cert, key] = [this.#values.get('cert-file'), this.#values.get('key-file')];
    if (cert === undefined) this.problem('transport=tls, wss and --tls-port need --cert-file');
    if (key === undefined) this.problem('transport=tls, wss and --tls-port need --key-file');
    if (cert === undefined || key === undefined) return undefined;
    const files = { cert, key, chain: this.#values.get('chain-file') };
    try {
      readTlsFiles(files);
    } catch (error) {
      if (!(error instanceof TlsFilesError)) throw error;
      for (const problem of error.problems) this.problem(problem);
    }
    return files;
  }

  #handlers(): RequestHandler[] {
    const [url, httpMethod = 'GET'] = [this.#values.get('http-handler'), this.#values.get('http-method')];
    if (httpMethod !== 'GET' && httpMethod !== 'POST') this.problem(`--http-method must be GET or POST: ${httpMethod}`);
    if (url === undefined) return [];
    const problem = handlerProblem(url);
    if (problem !== undefined) this.problem(`--http-handler ${problem}: ${url}`);
    return [{ method: '*', httpMethod: httpMethod === 'POST' ? 'POST' : 'GET', url }];
  }

  #compat(): 'drachtio' | undefined {
    const value = this.#values.get('compat');
    if (value !== undefined && value !== 'drachtio') this.problem(`--compat must be drachtio: ${value}`);
    return value === 'drachtio' ? value : undefined;
  }

  #overload(): Partial<OverloadOptions> | 'off' {
    if (this.#values.get('overload-delay') === 'off') return 'off';
    const maxDelayMs = this.#positive('overload-delay');
    const maxUnanswered = this.#positive('overload-unanswered');
    return {
      ...(maxDelayMs === undefined ? {} : { maxDelayMs }),
      ...(maxUnanswered === undefined ? {} : { maxUnanswered }),
    };
  }

  #positive(name: string): number | undefined {
    const text = this.#values.get(name);
    if (text === undefined) return undefined;
    if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
    this.problem(`--${name} is no positive number: ${text}`);
    return undefined;
  }

  #port(name: string): number | undefined {
    const text = this.#values.get(name);
    if (text === undefined) return undefined;
    if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
    this.problem(`--${name} is no port: ${text}`);
    return undefined;
  }
}

function isFlag(name: string): name is keyof typeof flags {
  return Object.hasOwn(flags, name);
}

function isNetwork(value: string): boolean {
  try {
    parseNetwork(value);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
