import { type Clock, type Timer } from '@callweave/clock';
import { backOffMs, SETTLED_MS } from './back-off.ts';
import { HealthWatch, type Probe } from './health-watch.ts';
import { type Action, type Input, type State, supervisedTable } from './supervised.table.ts';

/** A running process as its supervisor handles it. */
export interface Child {
  readonly pid: number | undefined;
  /** How long it, and we who watch it, have been ready to run and had no processor, ms since the beginning. */
  waitedMs(): number;
  kill(signal: 'SIGTERM' | 'SIGKILL'): void;
}

/** One start of a process: made anew each time, since its health port changes. */
export interface Launch {
  readonly httpPort: number | undefined;
  readonly probe: Probe;
  /** Starts it; `exited` is called once, later, with what ended it. */
  spawn(exited: (reason: string) => void): Child;
}

/** What happens to a supervised process, as others may want to know it. */
export type Happening =
  | { readonly kind: 'up'; readonly again: boolean }
  | { readonly kind: 'died'; readonly reason: string; readonly deaths: number; readonly retryMs: number }
  | { readonly kind: 'frozen' };

export interface SupervisedDeps {
  readonly clock: Clock;
  readonly prepare: () => Promise<Launch>;
  readonly tell: (happening: Happening) => void;
}

/** Keeps one process running until it is told to stop; `supervised.table.ts` is its life. */
export class SupervisedProcess {
  readonly #deps: SupervisedDeps;
  #state: State = 'idle';
  #launch: Launch | undefined;
  #child: Child | undefined;
  #watch: HealthWatch | undefined;
  #settle: Timer | undefined;
  #retry: Timer | undefined;
  #deadline: Timer | undefined;
  #deadlineMs = 0;
  #deaths = 0;
  #starts = 0;
  #reason = '';
  readonly #finished: Promise<void>;
  #finish: () => void = () => undefined;

  constructor(deps: SupervisedDeps) {
    this.#deps = deps;
    this.#finished = new Promise((resolve) => (this.#finish = resolve));
  }

  get state(): State {
    return this.#state;
  }

  /** Its process id and health port while it runs. */
  get running(): { readonly pid: number; readonly httpPort: number | undefined } | undefined {
    const pid = this.#child?.pid;
    return pid === undefined ? undefined : { pid, httpPort: this.#launch?.httpPort };
  }

  start(): void {
    this.#feed('start');
  }

  /** Ends it, by force after `deadlineMs`, and resolves when it is gone. */
  stop(deadlineMs: number): Promise<void> {
    this.#deadlineMs = deadlineMs;
    this.#feed('stop');
    return this.#finished;
  }

  /** The only place where the state changes. */
  #feed(input: Input): void {
    const edge = supervisedTable[this.#state][input];
    if (edge === undefined) return;
    const [next, ...actions] = edge;
    this.#state = next;
    for (const action of actions) this.#actions[action]();
  }

  readonly #actions: Readonly<Record<Action, () => void>> = {
    prepare: () => {
      this.#deps.prepare().then(
        (launch) => {
          this.#launch = launch;
          this.#feed('prepared');
        },
        (error: unknown) => {
          this.#reason = error instanceof Error ? error.message : String(error);
          this.#feed('unprepared');
        },
      );
    },
    spawn: () => {
      this.#starts += 1;
      const exited = (reason: string): void => {
        this.#reason = reason;
        this.#child = undefined;
        this.#feed('exit');
      };
      try {
        this.#child = this.#launch?.spawn(exited);
      } catch (error) {
        // As if it had died at once, but never in the same turn.
        queueMicrotask(() => exited(String(error)));
      }
    },
    watch: () => {
      const { clock } = this.#deps;
      if (this.#launch !== undefined) {
        this.#watch = new HealthWatch(this.#launch.probe, {
          clock,
          waitedMs: () => this.#child?.waitedMs() ?? 0,
          ready: () => this.#feed('ready'),
          frozen: () => this.#feed('frozen'),
        });
      }
      this.#settle = clock.after(SETTLED_MS, () => this.#feed('settled'));
    },
    unwatch: () => {
      this.#watch?.stop();
      this.#settle?.cancel();
    },
    tellUp: () => this.#deps.tell({ kind: 'up', again: this.#starts > 1 }),
    tellDeath: () => {
      this.#deaths += 1;
      const retryMs = backOffMs(this.#deaths);
      this.#deps.tell({ kind: 'died', reason: this.#reason, deaths: this.#deaths, retryMs });
    },
    tellFrozen: () => this.#deps.tell({ kind: 'frozen' }),
    waitToRetry: () => {
      this.#retry = this.#deps.clock.after(backOffMs(this.#deaths), () => this.#feed('retry'));
    },
    cancelRetry: () => this.#retry?.cancel(),
    forgetDeaths: () => (this.#deaths = 0),
    askToEnd: () => this.#child?.kill('SIGTERM'),
    startDeadline: () => {
      this.#deadline = this.#deps.clock.after(this.#deadlineMs, () => this.#feed('deadline'));
    },
    cancelDeadline: () => this.#deadline?.cancel(),
    kill: () => this.#child?.kill('SIGKILL'),
    finish: () => this.#finish(),
  };
}
