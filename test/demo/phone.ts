import getPort from 'get-port';
import { type PlatformFile } from '@callweave/service';
import { type Party, type Step } from '../support/ladder.ts';
import { runSipp, type SippOptions } from '../support/sipp.ts';
import { sippLines } from '../support/subscribers.ts';

/** A phone that SIPp plays, and that remembers every message it sent and received. */
export class Phone {
  readonly steps: Step[] = [];
  /** What went wrong, in SIPp's words. */
  readonly failures: string[] = [];
  readonly #name: Party;
  readonly #options: Omit<SippOptions, 'scenario'>;

  private constructor(name: Party, options: Omit<SippOptions, 'scenario'>) {
    this.#name = name;
    this.#options = options;
  }

  /** A phone on a port of its own, at the machine that the platform runs on. */
  static async create(name: 'alice' | 'bob', platform: PlatformFile): Promise<Phone> {
    const account = platform.accounts.filter(({ user }) => user === name);
    const localHost = platform.host;
    const localPort = await getPort({ host: localHost });
    const [remote = ''] = platform.sip;
    return new Phone(name, { remote, calls: 1, localHost, localPort, lines: sippLines(account), trace: true });
  }

  /** Plays a scenario to its end; whether all went as it says. */
  async play(scenario: string, more: Pick<SippOptions, 'keys' | 'signal'> = {}): Promise<boolean> {
    const { successful, failed, errors, messages } = await runSipp({ ...this.#options, ...more, scenario });
    for (const { atMs, direction, summary } of messages) {
      const [from, to] = direction === 'sent' ? ([this.#name, 'edge'] as const) : (['edge', this.#name] as const);
      this.steps.push({ atMs, from, to, label: summary });
    }
    const isGood = successful === 1 && failed === 0;
    if (!isGood) this.failures.push(`${this.#name}: ${scenario} failed ${reasonIn(errors)}`.trimEnd());
    return isGood;
  }
}

/** The first line that SIPp says about a failure: what follows it is the message as a whole. */
function reasonIn(errors: string): string {
  const line = errors.split('\n').find((text) => /^\d{4}-/.test(text)) ?? '';
  return line.replace(/^\S+\s+\S+\s+\S+: /, '(').replace(/(?<=^\(.*)[.\s]*$/, ')');
}
