import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePhonePort } from './free-port.ts';
import { type Platform } from './platform.ts';
import { runSipp, type SippOptions, type SippResult } from './sipp.ts';
import { addSubscribers, type LoadAccount, sippLines } from './subscribers.ts';

export interface TalkOptions {
  readonly calls: number;
  readonly talkMs: number;
  /** Whoever would hang up after that time does so when told: {@link openTalkWord}; not with changes. */
  readonly wordFrom?: number;
  readonly bothHangUp?: boolean;
  readonly callersLeave?: AbortSignal;
  /** With speech, and callers agree to their session anew after `talkMs`, and talk as long once more. */
  readonly changes?: boolean;
  /** With speech, and callers go along with every change of the session; `talkMs` after the last they change it themselves. */
  readonly follows?: boolean;
  /** How long the callee may wait to be hung up on once all callers are through. */
  readonly patienceMs?: number;
  /** Calls begun per second; all at once unless given. */
  readonly rate?: number;
  /** The phones are ended after so long, whatever their calls do; two minutes unless given. */
  readonly timeoutSec?: number;
}

/** SIPp phones that call one SIPp callee through the platform. */
export class CallLoad {
  /** Where the platform is, and they are. */
  readonly #places: Pick<SippOptions, 'remote' | 'localHost'>;
  readonly #callers: readonly LoadAccount[];
  readonly #callee: LoadAccount;
  readonly #port: number;
  /** A second of silence, PCMU. */
  readonly #speech: string;

  private constructor(
    places: Pick<SippOptions, 'remote' | 'localHost'>,
    callers: readonly LoadAccount[],
    callee: LoadAccount,
    port: number,
    speech: string,
  ) {
    this.#places = places;
    this.#callers = callers;
    this.#callee = callee;
    this.#port = port;
    this.#speech = speech;
  }

  /** Makes the accounts, the callers' names beginning with `prefix`, and registers the callee at `remote` from `localHost`. */
  static async open(
    platform: Platform,
    remote = platform.sip[0] ?? '',
    prefix = 'caller',
    localHost = '127.0.0.1',
  ): Promise<CallLoad> {
    const bus = await platform.bus();
    const localPort = await freePhonePort();
    const callers = await addSubscribers(bus, prefix, 100);
    // One of its own for each load: what an earlier one registered may be gone.
    const [callee] = await addSubscribers(bus, `callee-${String(localPort)}-`, 1);
    if (callee === undefined) throw new Error('no callee');
    const places = { remote, localHost };
    const lines = sippLines([callee]);
    const registered = await runSipp({ ...places, scenario: 'register', calls: 1, lines, localPort });
    if (registered.failed > 0) throw new Error(`the callee cannot register: ${registered.errors}`);
    const speech = join(platform.stateDir, 'speech.ulaw');
    writeFileSync(speech, Buffer.alloc(8_000, 0xff));
    return new CallLoad(places, callers, callee, localPort, speech);
  }

  /** Places `rate` calls a second for `seconds`; each talks for half a second. What the callers saw. */
  async run(rate: number, seconds: number): Promise<SippResult> {
    const calls = rate * seconds;
    const stop = new AbortController();
    const answering = this.#answer({ scenario: 'uas', calls: 10 * calls, signal: stop.signal });
    const result = await this.#call({ scenario: 'call', calls, rate, atOnce: 2 * rate });
    stop.abort();
    await answering;
    return result;
  }

  /**
   * Places `calls` that talk for `talkMs`; what both sides saw. The callee hangs up at the same moment if told so; the
   * callers vanish without a word when `callersLeave` is aborted.
   */
  async talk(options: TalkOptions): Promise<[SippResult, SippResult]> {
    const { calls, talkMs, wordFrom, bothHangUp = false, callersLeave } = options;
    const { changes = false, follows = false, rate = calls, timeoutSec } = options;
    const limit = timeoutSec === undefined ? {} : { timeoutSec };
    const stop = new AbortController();
    const scenario = changes || follows ? 'answer-and-change' : bothHangUp ? 'answer-and-hang-up' : 'uas';
    const answering = this.#answer({
      scenario,
      calls,
      talkMs,
      signal: stop.signal,
      ...limit,
      ...(bothHangUp ? { wordFrom } : {}),
    });
    const calling = follows ? 'call-and-follow' : changes ? 'call-and-change' : 'call';
    const called = await this.#call({
      scenario: calling,
      calls,
      rate,
      talkMs,
      wordFrom,
      signal: callersLeave,
      ...limit,
    });
    // Whoever has not been hung up on by now never will be.
    const giveUp = setTimeout(
      () => stop.abort(),
      options.patienceMs ?? (callersLeave === undefined ? 15_000 : 120_000),
    );
    const answered = await answering;
    clearTimeout(giveUp);
    return [called, answered];
  }

  #answer(
    options: Pick<SippOptions, 'scenario' | 'calls' | 'talkMs' | 'wordFrom' | 'signal' | 'timeoutSec'>,
  ): Promise<SippResult> {
    return runSipp({ ...options, ...this.#places, localPort: this.#port, keys: { media_file: this.#speech } });
  }

  #call(
    options: Pick<
      SippOptions,
      'scenario' | 'calls' | 'rate' | 'talkMs' | 'wordFrom' | 'atOnce' | 'signal' | 'timeoutSec'
    >,
  ): Promise<SippResult> {
    const keys = { callee: this.#callee.user, media_file: this.#speech };
    return runSipp({ ...options, ...this.#places, keys, lines: sippLines(this.#callers) });
  }
}
