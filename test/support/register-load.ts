import { type Platform } from './platform.ts';
import { runSipp, type SippResult } from './sipp.ts';
import { type LoadAccount, sippLines } from './subscribers.ts';
import { until } from './until.ts';

/** Registrations per second at each edge; each is two REGISTERs. */
export const RATE = 100;

/** Phones that register at every edge of a platform: each once, answering challenges and coming back when told 503. */
export class RegisterLoad {
  readonly #platform: Platform;
  readonly #accounts: readonly LoadAccount[];

  constructor(platform: Platform, accounts: readonly LoadAccount[]) {
    this.#platform = platform;
    this.#accounts = accounts;
  }

  /** Loads all edges for `seconds`. */
  run(seconds: number): Promise<SippResult[]> {
    const edges = this.#platform.sip;
    const share = Math.floor(this.#accounts.length / edges.length);
    return Promise.all(
      edges.map((remote, index) =>
        runSipp({
          scenario: 'register',
          remote,
          calls: RATE * seconds,
          rate: RATE,
          atOnce: RATE,
          lines: sippLines(this.#accounts.slice(index * share, (index + 1) * share)),
        }),
      ),
    );
  }

  /** Final answers with this status that all edges have sent. */
  async answered(status: number): Promise<number> {
    const counts = this.#platform.sip.map((_edge, index) =>
      this.#platform.metric(`edge-signaling-${String(index + 1)}`, 'callweave_edge_responses', [
        `status="${String(status)}"`,
      ]),
    );
    return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
  }

  /** Waits until `count` more registrations have succeeded. */
  async afterMore(count: number): Promise<void> {
    const target = (await this.answered(200)) + count;
    await until(`${String(count)} more registrations`, async () => (await this.answered(200)) >= target, 30_000);
  }
}

/** Kills a registrar and an auth replica and freezes another of each, while a load runs. */
export async function breakOneByOne(platform: Platform, load: RegisterLoad): Promise<void> {
  await load.afterMore(400);
  await platform.kill('registrar-1');
  await load.afterMore(200);
  await platform.kill('auth-challenge-affinity-1');
  await load.afterMore(200);
  platform.signal('registrar-2', 'SIGSTOP');
  await load.afterMore(200);
  platform.signal('auth-challenge-affinity-2', 'SIGSTOP');
}
