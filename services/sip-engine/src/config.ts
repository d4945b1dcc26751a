import { isIP } from 'node:net';
import {
  type ContactOption,
  defaultTimers,
  handlerProblem,
  type NatDetection,
  type OverloadOptions,
  parseDnsServer,
  type RequestHandler,
  type ScreenOptions,
  type SipEngineOptions,
} from '@callweave/sip-engine';
import { type LogLevel } from '@callweave/telemetry';
import { readCaptureSettings } from './capture-settings.ts';
import { CommandLine } from './command-line.ts';
import { ConfFile, DEFAULT_FILE } from './conf-file.ts';
import { readContact, withoutTls } from './contact.ts';
import { type Environment } from './environment.ts';
import { type Setting, type SettingName, settings } from './settings.table.ts';
import { type LogSettings, readLogSettings, type SettingReader } from './log-settings.ts';
import { type Given, type GivenHandler, isOff, isOn } from './source.ts';
import { readTlsFiles, type TlsFiles, TlsFilesError } from './tls-files.ts';

/** An address to serve health and metrics at. */
export interface HealthAddress {
  readonly host: string;
  readonly port: number;
}

/** What the engine is told that is read from no file but this. */
type EngineSettings = Pick<
  SipEngineOptions,
  | 'contacts'
  | 'webSockets'
  | 'compat'
  | 'offerUnknownDialogs'
  | 'appGraceMs'
  | 'timers'
  | 'screening'
  | 'outboundProxy'
  | 'dnsServers'
  | 'capture'
  | 'udpMtu'
  | 'natDetection'
  | 'requestHandlers'
  | 'cdrs'
  | 'defaultRefresher'
  | 'logsMessages'
>;

/** How the process is to run. */
export interface EngineConfig extends LogSettings {
  readonly engine: EngineSettings & { readonly overload: Partial<OverloadOptions> | 'off' };
  readonly control: SipEngineOptions['control'];
  readonly tls: TlsFiles | undefined;
  readonly logLevel: LogLevel;
  /** Whether standard output gets the log besides a file or syslog. */
  readonly logsToStdout: boolean;
  readonly health: readonly HealthAddress[];
  /** What was said and has no effect, each with the reason. */
  readonly warnings: readonly string[];
}

/** What the process is to do. */
export type Wish =
  | { readonly kind: 'run'; readonly config: EngineConfig }
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | { readonly kind: 'wrong'; readonly problems: readonly string[] };

/** What is said elsewhere than on the command line. */
export interface Surroundings {
  readonly environment?: Environment | undefined;
  readonly httpHost?: string | undefined;
  readonly httpPort?: number | undefined;
  /** The file that is read when none is named. */
  readonly defaultFile?: string | undefined;
}

/** drachtio-server's levels and what they are here. */
const LEVELS: ReadonlyMap<string, LogLevel> = new Map([
  ['notice', 'info'],
  ['error', 'error'],
  ['warning', 'warn'],
  ['info', 'info'],
  ['debug', 'debug'],
]);

/** What is listened at without any contact. */
const DEFAULT_CONTACT = { uri: { text: 'sip:*;transport=udp,tcp', from: 'default' } };

/** drachtio-server refuses smaller ones too. */
const MIN_MTU = 1_000;

/**
 * Reads the command line, which counts more than the environment, which counts more than the configuration file. Finds
 * every problem, not just the first.
 */
export function readConfig(args: readonly string[], surroundings: Surroundings = {}): Wish {
  const commandLine = new CommandLine(args);
  if (commandLine.wants !== undefined) return { kind: commandLine.wants };
  const { environment } = surroundings;
  const named = commandLine.values.get('file') ?? environment?.values.get('file');
  const isUnread = commandLine.values.has('noconfig');
  const file = isUnread
    ? new ConfFile()
    : ConfFile.read(named?.text ?? surroundings.defaultFile ?? DEFAULT_FILE, named === undefined);
  const sources = [file, ...(environment === undefined ? [] : [environment]), commandLine];
  const reader = new Reader(new Map(sources.flatMap(({ values }) => [...values])));
  reader.problems.push(...sources.toReversed().flatMap(({ problems }) => problems));
  const warnings = sources.toReversed().flatMap((source) => source.warnings);
  const isTold = commandLine.contacts.length > 0;
  const ofFile = isTold || reader.hasCertificate ? file.contacts : withoutTls(file.contacts, warnings);
  const contacts = [commandLine.contacts, ofFile].find((list) => list.length > 0);
  const config = reader.config({
    contacts: reader.contacts(contacts ?? [DEFAULT_CONTACT]),
    origins: commandLine.origins,
    ...{ spammers: file.spammers, handlers: file.requestHandlers, surroundings, warnings },
  });
  return reader.problems.length > 0 ? { kind: 'wrong', problems: reader.problems } : { kind: 'run', config };
}

interface Parts {
  readonly contacts: readonly ContactOption[];
  readonly origins: readonly string[];
  readonly spammers: ScreenOptions['spammers'];
  readonly handlers: readonly GivenHandler[];
  readonly surroundings: Surroundings;
  readonly warnings: string[];
}

/** Makes of text what it means. */
class Reader {
  readonly problems: string[] = [];
  readonly #values: ReadonlyMap<SettingName, Given>;

  constructor(values: ReadonlyMap<SettingName, Given>) {
    this.#values = values;
  }

  /** Whether it is said where the certificate or its key is. */
  get hasCertificate(): boolean {
    return this.#values.has('cert-file') || this.#values.has('key-file');
  }

  contacts(given: readonly Parameters<typeof readContact>[0][]): ContactOption[] {
    return given.flatMap((contact) => readContact(contact, (text) => this.problems.push(text)) ?? []);
  }

  config({ contacts, origins, spammers, handlers, surroundings, warnings }: Parts): EngineConfig {
    const timers = this.#timers();
    const logLevel = this.#level();
    return {
      logLevel,
      control: {
        address: this.#address(),
        port: this.#port('port') ?? 9022,
        tlsPort: this.#port('tls-port'),
        secret: this.#text('secret') ?? 'cymru',
      },
      tls: this.#tls(contacts, warnings),
      engine: {
        ...{ contacts, webSockets: { allowedOrigins: origins.length === 0 ? undefined : origins } },
        ...{ compat: this.#compat(), overload: this.#overload(), timers },
        offerUnknownDialogs: this.#is('offer-unknown-dialogs'),
        appGraceMs: this.#positive('app-grace'),
        screening: this.#screening(spammers),
        outboundProxy: this.#outboundProxy(),
        dnsServers: this.#dnsServers(),
        capture: readCaptureSettings(this.#settings),
        udpMtu: this.#mtu(),
        natDetection: this.#natDetection(),
        requestHandlers: this.#handlers(handlers),
        logsMessages: logLevel === 'debug',
        cdrs: this.#is('cdrs'),
        defaultRefresher: this.#refresher(),
      },
      ...readLogSettings(this.#settings),
      logsToStdout: this.#is('stdout'),
      health: this.#health(surroundings),
      warnings,
    };
  }

  #text(name: SettingName): string | undefined {
    return this.#values.get(name)?.text;
  }

  #is(name: SettingName): boolean {
    const given = this.#values.get(name);
    if (given === undefined || isOff(given.text)) return false;
    if (!isOn(given.text)) this.#wrong(name, 'is neither yes nor no');
    return true;
  }

  /** Notes that the value of a setting will not do. */
  #wrong(name: SettingName, what: string): void {
    const given = this.#values.get(name);
    const { secret }: Setting = settings[name];
    if (given !== undefined) this.problems.push(`${given.from} ${what}${secret === true ? '' : `: ${given.text}`}`);
  }

  readonly #settings: SettingReader = {
    text: (name) => this.#text(name),
    positive: (name) => this.#positive(name),
    port: (name) => this.#port(name),
    wrong: (name, what) => this.#wrong(name, what),
  };

  #level(): LogLevel {
    const level = LEVELS.get(this.#text('loglevel') ?? 'info');
    if (level === undefined) this.#wrong('loglevel', 'must be notice, error, warning, info or debug');
    return level ?? 'info';
  }

  #address(): string {
    const address = this.#text('address') ?? '0.0.0.0';
    if (isIP(address) === 0) this.#wrong('address', 'is no IP address');
    return address;
  }

  #port(name: SettingName): number | undefined {
    const text = this.#text(name);
    if (text === undefined) return undefined;
    if (!isPort(text)) this.#wrong(name, 'is no port');
    return Number(text);
  }

  #positive(name: SettingName): number | undefined {
    const text = this.#text(name);
    if (text === undefined) return undefined;
    if (!/^[1-9]\d{0,8}$/.test(text)) this.#wrong(name, 'is no positive number');
    return Number(text);
  }

  #health({ httpHost, httpPort }: Surroundings): HealthAddress[] {
    const port = this.#port('http-port') ?? httpPort;
    const host = this.#text('http-host') ?? httpHost ?? '127.0.0.1';
    const scraped = this.#text('prometheus-scrape-port');
    const match = /^(?:(.+):)?(\d+)$/.exec(scraped ?? '');
    const [, scrapeHost = '0.0.0.0', scrapePort = ''] = match ?? [];
    const isScraped = scraped !== undefined && isPort(scrapePort);
    if (scraped !== undefined && !isScraped) this.#wrong('prometheus-scrape-port', 'is neither a port nor host:port');
    return [
      ...(port === undefined ? [] : [{ host, port }]),
      ...(isScraped ? [{ host: scrapeHost.replace(/^\[|\]$/g, ''), port: Number(scrapePort) }] : []),
    ];
  }

  #timers(): SipEngineOptions['timers'] {
    const given = {
      t1: this.#positive('timer-t1'),
      t2: this.#positive('timer-t2'),
      t4: this.#positive('timer-t4'),
    };
    const [t1, t2, t4] = [given.t1 ?? defaultTimers.t1, given.t2 ?? defaultTimers.t2, given.t4 ?? defaultTimers.t4];
    return { t1, t2, t4, t1x64: this.#positive('timer-t1x64') };
  }

  #screening(spammers: ScreenOptions['spammers']): ScreenOptions | undefined {
    const optionsUserAgent = this.#text('user-agent-options-auto-respond');
    const refusesAddressRegistrars = this.#is('reject-register-with-no-realm');
    if (spammers === undefined && optionsUserAgent === undefined && !refusesAddressRegistrars) return undefined;
    return { spammers, optionsUserAgent, refusesAddressRegistrars };
  }

  #outboundProxy(): string | undefined {
    const uri = this.#text('outbound-proxy');
    const isUri = uri === undefined || /^sips?:[^;?]+(?:;[^?]*)?$/.test(uri);
    if (!isUri) this.#wrong('outbound-proxy', 'must be like sip:192.0.2.1:5060;transport=tcp');
    return uri;
  }

  #dnsServers(): readonly string[] | undefined {
    const servers = this.#text('dns-server')
      ?.split(',')
      .map((text) => text.trim());
    const areServers = servers?.every((text) => parseDnsServer(text) !== undefined) ?? true;
    if (!areServers) this.#wrong('dns-server', 'must be like 192.0.2.53 or 192.0.2.53:5353,192.0.2.54');
    return servers;
  }

  #mtu(): number | undefined {
    const mtu = this.#positive('mtu');
    if (mtu !== undefined && mtu < MIN_MTU) this.#wrong('mtu', `must be at least ${MIN_MTU}`);
    return mtu;
  }

  #natDetection(): NatDetection {
    if (this.#is('disable-nat-detection')) return 'off';
    return this.#is('aggressive-nat-detection') ? 'declared' : 'contact';
  }

  #tls(contacts: readonly ContactOption[], warnings: string[]): TlsFiles | undefined {
    const minVersion = this.#minVersion(warnings);
    const isForSip = contacts.some(({ protocols }) => protocols.includes('tls') || protocols.includes('wss'));
    if (!isForSip && !this.#values.has('tls-port')) return undefined;
    const [cert, key] = [this.#text('cert-file'), this.#text('key-file')];
    if (cert === undefined) this.problems.push('transport=tls, wss and --tls-port need --cert-file');
    if (key === undefined) this.problems.push('transport=tls, wss and --tls-port need --key-file');
    const chain = this.#text('chain-file');
    const asksPeers = this.#is('tls-verify-client-cert');
    if (asksPeers && chain === undefined) this.#wrong('tls-verify-client-cert', 'needs --chain-file');
    if (cert === undefined || key === undefined) return undefined;
    const files = {
      ...{ cert, key, chain, minVersion, ciphers: this.#text('tls-cipherlist'), dhParam: this.#text('dh-param') },
      peerCa: this.#text('tls-peer-ca') ?? (asksPeers ? chain : undefined),
    };
    try {
      readTlsFiles(files);
    } catch (error) {
      if (!(error instanceof TlsFilesError)) throw error;
      this.problems.push(...error.problems);
    }
    return files;
  }

  #minVersion(warnings: string[]): TlsFiles['minVersion'] {
    const given = this.#values.get('min-tls-version');
    const version = Number(given?.text ?? '1.2');
    if (given === undefined || version === 1.2) return 'TLSv1.2';
    if (version === 1.3) return 'TLSv1.3';
    if (version === 1 || version === 1.1) warnings.push(`${given.from} has no effect: 1.2 is the lowest there is`);
    else this.#wrong('min-tls-version', 'must be 1.2 or 1.3');
    return 'TLSv1.2';
  }

  /** The flag is for every method, and counts instead of the file. */
  #handlers(ofFile: readonly GivenHandler[]): RequestHandler[] {
    const url = this.#values.get('http-handler');
    const httpMethod = this.#text('http-method') ?? 'GET';
    if (httpMethod !== 'GET' && httpMethod !== 'POST') this.#wrong('http-method', 'must be GET or POST');
    const given = url === undefined ? ofFile : [{ method: '*', httpMethod, url }];
    return given.map((handler) => {
      const { text, from } = handler.url;
      const problem = handlerProblem(text);
      if (problem !== undefined) this.problems.push(`${from} ${problem}: ${text}`);
      return { method: handler.method, httpMethod: handler.httpMethod === 'POST' ? 'POST' : 'GET', url: text };
    });
  }

  #refresher(): SipEngineOptions['defaultRefresher'] {
    const text = this.#text('default-refresher')?.toLowerCase();
    if (text === undefined || text === 'none' || text === 'uac' || text === 'uas') return text;
    this.#wrong('default-refresher', 'must be none, uac or uas');
    return undefined;
  }

  #compat(): 'drachtio' | undefined {
    const value = this.#text('compat');
    if (value !== undefined && value !== 'drachtio') this.#wrong('compat', 'must be drachtio');
    return value === 'drachtio' ? value : undefined;
  }

  #overload(): Partial<OverloadOptions> | 'off' {
    if (this.#text('overload-delay') === 'off') return 'off';
    const maxDelayMs = this.#positive('overload-delay');
    const maxUnanswered = this.#positive('overload-unanswered');
    return {
      ...(maxDelayMs === undefined ? {} : { maxDelayMs }),
      ...(maxUnanswered === undefined ? {} : { maxUnanswered }),
    };
  }
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65_535;
}
