import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Connection } from '@callweave/bus';
import { defaultTenant, routeCall, User, userSettingsBucket } from '@callweave/contracts';
import { freePhonePort } from '../../support/free-port.ts';
import {
  isSameLine,
  type LadderMessage,
  readLadder,
  type ScriptLine,
  writeMessage,
} from '../../support/ladder-text.ts';
import { splitMessageTrace } from '../../support/message-trace.ts';
import { ladderOf, type LadderOptions, type SeenMessage } from '../../support/phone-ladder.ts';
import { registerScenario, scenarioOf, type Speaker } from '../../support/phone-script.ts';
import { runSipp, type SippResult } from '../../support/sipp.ts';
import { addSubscribers, type LoadAccount } from '../../support/subscribers.ts';
import { until } from '../../support/until.ts';
import { type Place, type Row, type RowPhone } from './row.ts';

/** Where rows are played. */
export interface Stage {
  readonly bus: Connection;
  /** `host:port` of each edge. */
  readonly edges: readonly string[];
}

/** What became of one phone. */
export interface Played {
  /** What it was to see. */
  readonly expected: readonly string[];
  /** What it saw; a line that is as expected is written as it was expected. */
  readonly ladder: readonly string[];
  readonly seen: readonly SeenMessage[];
  /** What SIPp found wrong. */
  readonly errors: string;
}

type Accounts = ReadonlyMap<string, LoadAccount>;

const LIMIT_MS = 30_000;
const ANSWER_MS = 10_000;
/** Answers in a row after which every call-routing knows what a user has set. */
const SURE = 20;

/** Plays a row with real phones and returns what each of them has noted down. */
export async function play(row: Row, place: Place, stage: Stage): Promise<ReadonlyMap<string, Played>> {
  const directory = mkdtempSync(join(tmpdir(), 'callweave-row-'));
  const ended = new AbortController();
  const phones = new Map<string, Phone>();
  try {
    const accounts = await accountsOf(row, stage);
    await Promise.all(Object.keys(row.settings ?? {}).map((user) => set(row, user, accounts, stage)));
    for (const [name, phone] of Object.entries(row.phones)) {
      const about = typeof phone === 'string' ? { ladder: phone } : phone;
      const started = new Phone(name, about, { accounts, place, stage, directory, signal: ended.signal });
      phones.set(name, started);
      await started.start((other) => phones.get(other)?.seen() ?? []);
    }
    await until('all have seen all', () => [...phones.values()].every((phone) => phone.isDone()), LIMIT_MS).catch(
      () => undefined,
    );
    ended.abort();
    return new Map(await Promise.all([...phones].map(async ([name, phone]) => [name, await phone.played()] as const)));
  } finally {
    ended.abort();
    await Promise.allSettled([...phones.values()].map((phone) => phone.played()));
    rmSync(directory, { recursive: true, force: true });
  }
}

/** An account for each user of the row, of which only the row knows. */
async function accountsOf(row: Row, { bus }: Stage): Promise<Accounts> {
  const names = [...Object.keys(row.phones).map((phone) => userOf(phone)), ...Object.keys(row.settings ?? {}), 'bob'];
  const accounts = new Map<string, LoadAccount>();
  for (const [index, user] of [...new Set(names)].entries()) {
    const unique = String(Math.trunc(performance.now() * 1_000))
      .slice(-9)
      .padStart(9, '1');
    const prefix = row.areNumbers === true ? `+49${String(index)}${unique}` : `${user}-${unique}x`;
    const [account] = await addSubscribers(bus, prefix, 1);
    if (account !== undefined) accounts.set(user, account);
  }
  return accounts;
}

function userOf(phone: string): string {
  return /^[^-]+/.exec(phone)?.[0] ?? phone;
}

/** Stores what a user has set, and waits until calls go by it. */
async function set(row: Row, name: string, accounts: Accounts, { bus }: Stage): Promise<void> {
  const user = User.parse(accounts.get(name)?.user);
  const { forwards = {}, ringSec } = row.settings?.[name] ?? {};
  const named = Object.entries(forwards).map(([when, to]) => [when, accounts.get(to)?.user ?? to] as const);
  const record = { tenant: defaultTenant, user, forwards: Object.fromEntries(named), ringSec };
  const key = userSettingsBucket.key({ tenant: defaultTenant, user });
  await bus.js.publish(`$KV.${userSettingsBucket.name}.${key}`, JSON.stringify(record));
  const question = { tenant: defaultTenant, callId: '0'.repeat(26), source: { kind: 'app-server' }, dialled: user };
  await until(`calls of ${user} go by what he has set`, async () => {
    for (let inARow = 0; inARow < SURE; inARow++) {
      const subject = routeCall.subject({ tenant: defaultTenant });
      const asked = await bus.nc.request(subject, JSON.stringify({ ...question, domain: 'd' }), { timeout: ANSWER_MS });
      const answer = asked.string();
      const isKnown =
        named.length > 0 ? answer.includes('"forwards":{"') : answer.includes(`"ringSec":${String(ringSec)}`);
      if (!isKnown) return false;
    }
    return true;
  });
}

interface PhoneDeps {
  readonly accounts: Accounts;
  readonly place: Place;
  readonly stage: Stage;
  readonly directory: string;
  readonly signal: AbortSignal;
}

/** One SIPp that follows its ladder. */
class Phone {
  readonly #name: string;
  readonly #about: RowPhone;
  readonly #deps: PhoneDeps;
  readonly #log: string;
  readonly #expected: readonly LadderMessage[];
  #script: readonly ScriptLine[];
  #running: Promise<SippResult> | undefined;
  /** What stands for what is another in each run. */
  readonly #values = new Map<string, string>();

  constructor(name: string, about: RowPhone, deps: PhoneDeps) {
    this.#name = name;
    this.#about = about;
    this.#deps = deps;
    this.#log = join(deps.directory, `${name}.log`);
    this.#script = readLadder(about.ladder);
    this.#expected = this.#script.filter((line): line is LadderMessage => 'method' in line);
    for (const [user, account] of deps.accounts) this.#values.set(user, account.user);
    this.#values.set('edge', this.#edge.split(':')[0] ?? '');
  }

  get #isCalled(): boolean {
    return this.#expected[0]?.direction === 'received';
  }

  get #edge(): string {
    const { place, stage } = this.#deps;
    const usual = this.#isCalled ? 2 : 1;
    return stage.edges[place === 'one edge' ? 0 : (this.#about.edge ?? usual) - 1] ?? '';
  }

  async start(seen: (phone: string) => readonly SeenMessage[]): Promise<void> {
    const { after, q, calls = 'sip:{bob}@{edge}' } = this.#about;
    if (after !== undefined) {
      let values: Readonly<Record<string, string>> | undefined;
      await until(`${this.#name} may start`, () => (values = after(seen)) !== undefined, LIMIT_MS);
      for (const [name, value] of Object.entries(values ?? {})) this.#values.set(name, value);
    }
    const { accounts, place, stage, signal } = this.#deps;
    const account = accounts.get(userOf(this.#name)) ?? { user: '', password: '' };
    const target = calls.replaceAll(/\{([\w-]+)\}/g, (_, name: string) => this.#values.get(name) ?? '');
    const speaker: Speaker = { ...account, target, values: this.#values };
    const script = this.#write('script', scenarioOf(this.#script, speaker));
    // Whom another edge is to call must be reached by nobody else.
    const transport = place === 'two edges' && this.#isCalled && this.#edge === stage.edges[1] ? 'tcp' : 'udp';
    const about = { remote: this.#edge, calls: 1, trace: this.#log, transport, signal, dropsCalls: true } as const;
    const localPort = await freePhonePort();
    if (this.#isCalled) {
      const scenario = this.#write('register', registerScenario(speaker, q));
      this.#running = runSipp({ ...about, localPort, scenario, answersWith: script });
      const isDone = /^SIP\/2\.0 200 .*^CSeq: \d+ REGISTER/ms;
      await until(`${this.#name} is registered`, () =>
        splitMessageTrace(this.#noted()).some(({ text }) => isDone.test(text)),
      );
    } else this.#running = runSipp({ ...about, localPort, scenario: script });
  }

  seen(): readonly SeenMessage[] {
    return ladderOf(splitMessageTrace(this.#noted()), this.#options());
  }

  isDone(): boolean {
    const seen = this.seen();
    // A request that was challenged and not yet sent again is as many messages as one that was answered.
    return seen.length >= this.#expected.length && challengesIn(seen) >= challengesIn(this.#expected);
  }

  async played(): Promise<Played> {
    const seen = this.seen();
    const { errors = '' } = (await this.#running) ?? {};
    const expected = this.#expected.map((message) => writeMessage(message));
    const lines = seen.map((message) => writeMessage(message));
    const ladder = lines.map((line, index) =>
      isSameLine(expected[index] ?? '', line) ? (expected[index] ?? '') : line,
    );
    return { expected, ladder, seen, errors };
  }

  #write(name: string, text: string): string {
    const file = join(this.#deps.directory, `${this.#name}-${name}.xml`);
    writeFileSync(file, text);
    return file;
  }

  #noted(): string {
    try {
      return readFileSync(this.#log, 'utf8');
    } catch {
      return ''; // not begun yet
    }
  }

  #options(): LadderOptions {
    const shownOf = (direction: LadderMessage['direction']): Set<string> => {
      const lines = this.#expected.filter((line) => line.direction === direction);
      return new Set(lines.flatMap(({ headers }) => headers.map(([name]) => name.toLowerCase())));
    };
    return {
      shown: { sent: shownOf('sent'), received: shownOf('received') },
      // The longer first: one may be a part of another.
      names: new Map(
        [...this.#values].sort(([, a], [, b]) => b.length - a.length).map(([name, value]) => [value, `{${name}}`]),
      ),
    };
  }
}

/** How many of a phone's requests were sent again with credentials. */
function challengesIn(ladder: readonly LadderMessage[]): number {
  return ladder.filter(({ words }) => words.includes('challenged')).length;
}
