import { FakeClock } from '@callweave/clock/testing';
import { type SipEngine, type SipEngineOptions, startSipEngine } from '@callweave/sip-engine';
import { connectRawApp, openRawPhone, type RawApp, type RawPhone } from '@callweave/sip-engine/testing';
import { type RequestFields, requestText } from '@callweave/sip/testing';
import { recordLogs } from '@callweave/telemetry/testing';

/** A little longer than responses wait after the reply to their request. */
const HELD_MS = 3;

/** An engine whose time stands still, an application that speaks by hand, and phones. */
export interface Bench {
  readonly clock: FakeClock;
  readonly engine: SipEngine;
  readonly app: BenchApp;
  readonly sipPort: number;
  /** One more application. */
  connect(...verbs: string[]): Promise<BenchApp>;
  phone(): Promise<BenchPhone>;
  close(): Promise<void>;
}

/** Starts one whose application takes requests of `verbs`. */
export async function openBench(
  verbs: readonly string[] = [],
  options: Partial<SipEngineOptions> = {},
): Promise<Bench> {
  const clock = new FakeClock();
  const contacts = [{ address: '127.0.0.1', port: 0, protocols: ['udp' as const] }];
  const control = { address: '127.0.0.1', port: 0, secret: 's' };
  const engine = await startSipEngine({ contacts, control, ...options }, { clock, log: recordLogs() });
  const sipPort = Number(engine.contacts[0]?.split(':').at(-1));
  const closing: { close(): void }[] = [];
  const connect = async (...wanted: string[]): Promise<BenchApp> => {
    const app = new BenchApp(await connectRawApp(engine.controlPort), clock);
    closing.push(app);
    for (const command of ['authenticate|s|', ...wanted.map((verb) => `route|${verb}`)]) await app.command(command);
    return app;
  };
  const phone = async (): Promise<BenchPhone> => {
    const opened = new BenchPhone(await openRawPhone(), sipPort);
    closing.push(opened);
    return opened;
  };
  const close = async (): Promise<void> => {
    for (const one of closing) one.close();
    await engine.stop();
  };
  return { clock, engine, sipPort, app: await connect(...verbs), connect, phone, close };
}

/** What an application was told. */
export class Told {
  readonly tokens: readonly string[];
  readonly text: string;

  constructor(frame: string) {
    const end = frame.indexOf('\r\n');
    this.tokens = (end < 0 ? frame : frame.slice(0, end)).split('|');
    this.text = end < 0 ? '' : frame.slice(end + 2);
  }

  /** Of a message, or of the request that a reply is about. */
  get txn(): string {
    return this.tokens[this.tokens[1] === 'response' ? 10 : 8] ?? '';
  }

  get dialogId(): string {
    return this.tokens[9] ?? '';
  }

  get line(): string {
    return startLine(this.text);
  }
}

export class BenchApp {
  readonly #app: RawApp;
  readonly #clock: FakeClock;
  /** Messages that came while a reply was waited for. */
  readonly #told: Told[] = [];
  #commands = 0;

  constructor(app: RawApp, clock: FakeClock) {
    this.#app = app;
    this.#clock = clock;
  }

  /** Sends a command and returns the reply. */
  async command(payload: string): Promise<Told> {
    const id = `c${++this.#commands}`;
    this.#app.send(`${id}|${payload}`);
    for (;;) {
      const frame = new Told(await this.#app.next());
      if (frame.tokens[1] !== 'response') this.#told.push(frame);
      else if (frame.tokens[2] === id) {
        this.#clock.advance(HELD_MS);
        return frame;
      }
    }
  }

  /** The next message that has come or will come. */
  async told(): Promise<Told> {
    for (;;) {
      const told = this.#told.shift() ?? new Told(await this.#app.next());
      if (told.tokens[1] !== 'response') return told;
    }
  }

  /** Sends a command whose replies are of no interest. */
  send(payload: string): void {
    this.#app.send(`c|${payload}`);
  }

  /** Sends a request; `about` is `TXN|DIALOG`, and lines come after the first one. */
  request(line: string, { about = '|', lines = [], body = '' }: RequestOptions = {}): Promise<Told> {
    return this.command(`sip|${about}\r\n${[`${line} SIP/2.0`, ...lines].join('\r\n')}\r\n\r\n${body}`);
  }

  /** Answers a request. */
  answer(request: Told, status: string, lines: readonly string[] = [], body = ''): Promise<Told> {
    return this.command(`sip|${request.txn}|\r\n${[`SIP/2.0 ${status}`, ...lines].join('\r\n')}\r\n\r\n${body}`);
  }

  close(): void {
    this.#app.close();
  }
}

export interface RequestOptions {
  readonly about?: string;
  readonly lines?: readonly string[];
  readonly body?: string;
}

/** What an answer of a phone differs in from the usual one. */
export interface AnswerFields {
  readonly tag?: string;
  readonly lines?: readonly string[];
  readonly body?: string;
}

export class BenchPhone {
  readonly port: number;
  readonly #phone: RawPhone;
  readonly #sipPort: number;
  #branches = 0;

  constructor(phone: RawPhone, sipPort: number) {
    this.#phone = phone;
    this.#sipPort = sipPort;
    this.port = phone.port;
  }

  get uri(): string {
    return `sip:bob@127.0.0.1:${this.port}`;
  }

  /** Messages that nobody took yet. */
  get waiting(): number {
    return this.#phone.waiting;
  }

  next(): Promise<string> {
    return this.#phone.next();
  }

  send(text: string): void {
    this.#phone.send(text, this.#sipPort);
  }

  /** Sends a request of its own transaction unless it is given a branch. */
  request(fields: RequestFields): void {
    const branch = `z9hG4bK${this.port}.${++this.#branches}`;
    const headers = [`Contact: <${this.uri}>`, ...(fields.headers ?? [])];
    this.send(requestText({ branch, sentBy: `127.0.0.1:${this.port}`, ...fields, headers }));
  }

  /** Answers a request it was sent. */
  answer(request: string, status: string, { tag = 'b', lines = [], body = '' }: AnswerFields = {}): void {
    const copied = request.split('\r\n').filter((line) => /^(?:Via|From|To|Call-ID|CSeq|Record-Route):/.test(line));
    const tagged = copied.map((line) => (/^To:(?!.*;tag=)/.test(line) ? `${line};tag=${tag}` : line));
    const contact = lines.some((line) => line.startsWith('Contact:')) ? [] : [`Contact: <${this.uri}>`];
    const head = [`SIP/2.0 ${status}`, ...tagged, ...contact, ...lines, `Content-Length: ${body.length}`];
    this.send(`${head.join('\r\n')}\r\n\r\n${body}`);
  }

  close(): void {
    this.#phone.close();
  }
}

/** The first line of a message. */
export function startLine(text: string): string {
  return text.split('\r\n', 1)[0] ?? '';
}

/** The value of a header, empty when it is not there; of several the first. */
export function header(text: string, name: string): string {
  return new RegExp(`^${name}: (.*)\\r$`, 'mi').exec(text)?.[1] ?? '';
}

/** The tag of To. */
export function toTag(text: string): string {
  return /;tag=([^;\s]+)/.exec(header(text, 'To'))?.[1] ?? '';
}

/** A port that nobody has for UDP now. */
export async function freeUdpPort(): Promise<number> {
  const phone = await openRawPhone();
  phone.close();
  return phone.port;
}
