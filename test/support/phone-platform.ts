import { type Connection } from '@callweave/bus';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { type Baresip, type BaresipOptions, startBaresip } from './baresip.ts';
import { callKinds, openCalls } from './call-facts.ts';
import { mediaSessions, PACKETS_PER_SEC } from './media-sessions.ts';
import { type Platform, startPlatform } from './platform.ts';
import { type LoadAccount } from './subscribers.ts';
import { there } from './there.ts';
import { toneShare } from './tone.ts';
import { until } from './until.ts';
import { warnings } from './warnings.ts';

type Environment = Readonly<Record<string, string>>;

/** A phone that has gone is sent its BYE for 32 s. */
const GONE_MS = 60_000;
/** Samples of a second and a half. */
const ENOUGH = 12_000;

/** A platform for the tests of one file, phones of its accounts, and what is told of the one call of each test. */
export class PhonePlatform {
  readonly #phones: Baresip[] = [];
  #platform: Platform | undefined;
  #bus: Connection | undefined;
  #before: ReadonlySet<string> = new Set();

  /** Starts and ends all of it with the tests of the file that calls this; after each test nothing of a call is left. */
  constructor(environment: Environment | (() => Promise<Environment>) = {}) {
    beforeAll(async () => {
      this.#platform = await startPlatform(typeof environment === 'function' ? await environment() : environment);
      this.#bus = await this.#platform.bus();
    });
    afterAll(async () => {
      await this.#platform?.stop();
    });
    beforeEach(async () => {
      this.#before = new Set((await callKinds(this.bus)).keys());
    });
    afterEach(async ({ task }) => {
      if (task.result?.state === 'fail') this.#tellWhatHappened();
      await Promise.all(this.#phones.splice(0).map((phone) => phone.quit()));
      await until(
        'nothing is left of any call',
        async () => (await mediaSessions(this.platform)) + (await openCalls(this.bus)).length === 0,
        GONE_MS,
      );
    });
  }

  get platform(): Platform {
    return there(this.#platform);
  }

  get bus(): Connection {
    return there(this.#bus);
  }

  /** `host:port` of the edge. */
  get edge(): string {
    return this.platform.sip[0] ?? '';
  }

  /** A registered phone, which quits after the test. */
  async phone(user: 'alice' | 'bob' | LoadAccount, options: Partial<BaresipOptions> = {}): Promise<Baresip> {
    const phone = await (typeof user === 'string'
      ? registeredPhone(this.platform, user, options)
      : registeredPhone(this.platform, user.user, { ...user, ...options }));
    this.#phones.push(phone);
    return phone;
  }

  dial(caller: Baresip, user: string): void {
    caller.command('dial', `sip:${user}@${this.edge}`);
  }

  /** Kinds of the events of this test's call so far, in order. */
  async told(): Promise<string[]> {
    const calls = await this.toldOfEach();
    expect(calls.length).toBeLessThan(2);
    return calls[0] ?? [];
  }

  /** Of each of this test's calls, in the order in which they began. */
  async toldOfEach(): Promise<string[][]> {
    const calls = [...(await callKinds(this.bus))].filter(([callId]) => !this.#before.has(callId));
    return calls.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, kinds]) => kinds);
  }

  async isTold(kind: string, times = 1): Promise<void> {
    await until(`${kind} is told`, async () => (await this.told()).filter((each) => each === kind).length === times);
  }

  /** What a failed test leaves behind: nothing of it is there any more when somebody reads of the failure. */
  #tellWhatHappened(): void {
    const phones = this.#phones.map((phone, nth) => `phone ${String(nth + 1)}: ${phone.story()}`);
    process.stderr.write([...phones, this.platform.output(), ...warnings(this.platform.logs())].join('\n'));
  }

  /** All of them, when the call is over. */
  async toldInAll(): Promise<string[]> {
    await until('the call is over', async () => /ended|failed/.test((await this.told()).at(-1) ?? ''));
    return this.told();
  }
}

/** A phone of one of the platform's accounts, once it is registered. */
export async function registeredPhone(
  { accounts, sip }: Platform,
  user: string,
  options: Partial<BaresipOptions> = {},
): Promise<Baresip> {
  const account = accounts.find((known) => known.user === user) ?? { user, password: there(options.password) };
  const phone = await startBaresip({ ...account, registrar: sip[0] ?? '', ...options });
  await phone.waitFor('REGISTER_OK');
  return phone;
}

/** Waits until a phone hears a tone, and has heard enough of it; before its first hold. */
export async function hears(listener: Baresip, hz: number, limitMs = 45_000): Promise<void> {
  let share = 0;
  let samples = 0;
  const isHeard = (): boolean => {
    const heard = listener.heard();
    samples = heard.length;
    share = toneShare(heard, hz);
    return samples > ENOUGH && share > 0.5;
  };
  await until(`a tone of ${String(hz)} Hz`, isHeard, limitMs).catch((error: unknown) => {
    throw new Error(`${String(error)}; its share is ${share.toFixed(2)} of ${String(samples)} samples`, {
      cause: error,
    });
  });
}

/** Waits for a second of speech more than a phone has received. */
export async function receives(listener: Baresip): Promise<void> {
  const known = await listener.received();
  await until('speech is received', async () => (await listener.received()) > known + PACKETS_PER_SEC);
}
