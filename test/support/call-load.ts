import getPort from 'get-port';
import { type Platform } from './platform.ts';
import { runSipp, type SippResult } from './sipp.ts';
import { addSubscribers, type LoadAccount, sippLines } from './subscribers.ts';

/** SIPp phones that call one SIPp callee through the platform. */
export class CallLoad {
  readonly #platform: Platform;
  readonly #callers: readonly LoadAccount[];
  readonly #callee: LoadAccount;
  readonly #port: number;

  private constructor(platform: Platform, callers: readonly LoadAccount[], callee: LoadAccount, port: number) {
    this.#platform = platform;
    this.#callers = callers;
    this.#callee = callee;
    this.#port = port;
  }

  /** Makes the accounts and registers the callee. */
  static async open(platform: Platform): Promise<CallLoad> {
    const bus = await platform.bus();
    const callers = await addSubscribers(bus, 'caller', 100);
    const [callee] = await addSubscribers(bus, 'callee', 1);
    if (callee === undefined) throw new Error('no callee');
    const localPort = await getPort({ host: '127.0.0.1' });
    const remote = platform.sip[0] ?? '';
    const registered = await runSipp({ scenario: 'register', remote, calls: 1, lines: sippLines([callee]), localPort });
    if (registered.failed > 0) throw new Error(`the callee cannot register: ${registered.errors}`);
    return new CallLoad(platform, callers, callee, localPort);
  }

  /** Places `rate` calls a second for `seconds`; each talks for half a second. What the callers saw. */
  async run(rate: number, seconds: number): Promise<SippResult> {
    const remote = this.#platform.sip[0] ?? '';
    const calls = rate * seconds;
    const stop = new AbortController();
    const answering = runSipp({
      scenario: 'uas',
      remote,
      calls: 10 * calls,
      localPort: this.#port,
      signal: stop.signal,
    });
    const keys = { callee: this.#callee.user };
    const lines = sippLines(this.#callers);
    const result = await runSipp({ scenario: 'call', remote, calls, rate, atOnce: 2 * rate, keys, lines });
    stop.abort();
    await answering;
    return result;
  }
}
