import { type Clock, type Timer } from '@callweave/clock';
import { ConfigError, EXIT_CONFIG } from '@callweave/service';
import { ignore, type Logger } from '@callweave/telemetry';
import { NotReadyError } from './errors.ts';
import { type Launcher } from './launcher.ts';
import { configProblems, logTail } from './log-tail.ts';
import { type Group, groups, type ProcessSpec } from './process-table.ts';
import { exitReason } from './spawn-child.ts';
import { type Happening, SupervisedProcess } from './supervised-process.ts';

/** A process that dies this often before it was ready once will not become ready. */
const HOPELESS_DEATHS = 3;
/** A process that ends with this will end so again: its settings are wrong. */
const REFUSED = exitReason(EXIT_CONFIG);
/** Once a process has refused its settings the others get this long to take or refuse theirs, so that all is told at once. */
const GATHER_MS = 10_000;
/** Longest time the processes of a group may take to end when asked; 9 s for all. */
const END_MS: Readonly<Record<Group, number>> = {
  edge: 2_500,
  service: 2_500,
  engine: 1_000,
  media: 1_000,
  bus: 2_000,
};

/** A running process as others are told about it. */
export interface RunningProcess {
  readonly name: string;
  readonly pid: number;
  readonly httpPort?: number;
}

export interface FleetDeps {
  readonly launcher: Launcher;
  readonly clock: Clock;
  readonly log: Logger;
  /** Shows one line to the person at the terminal. */
  readonly say: (line: string) => void;
  /** Called whenever `running` may have changed. */
  readonly changed: () => void;
  readonly logFile: (name: string) => string;
}

interface Member {
  readonly spec: ProcessSpec;
  readonly process: SupervisedProcess;
  readonly firstUp: PromiseWithResolvers;
  /** What it made of its settings so far. */
  settings: 'unread' | 'taken' | 'refused';
}

interface PromiseWithResolvers {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** All processes of a platform: started together, kept running, stopped in order. */
export class Fleet {
  readonly #deps: FleetDeps;
  readonly #members: Member[] = [];
  #stopping = false;
  #gathering: Timer | undefined;

  constructor(deps: FleetDeps) {
    this.#deps = deps;
  }

  /** What runs now. */
  get running(): RunningProcess[] {
    return this.#members.flatMap(({ spec, process }) => {
      const running = process.running;
      if (running === undefined) return [];
      const { pid, httpPort } = running;
      return [httpPort === undefined ? { name: spec.name, pid } : { name: spec.name, pid, httpPort }];
    });
  }

  /**
   * Starts processes and waits until all take work. Throws `NotReadyError`, `ConfigError` with what all of them found
   * wrong with their settings, or the signal's reason.
   */
  async start(specs: readonly ProcessSpec[], deadlineMs: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const members = specs.map((spec) => this.#add(spec));
    for (const { process } of members) process.start();
    const { promise: cut, reject } = withResolvers();
    const timer = this.#deps.clock.after(deadlineMs, () => {
      const late = members.filter(({ process }) => process.state !== 'up');
      reject(this.#notReady(late, `not ready within ${deadlineMs / 1000} s`));
    });
    const abort = (): void => reject(new Error('stopped while starting'));
    signal.addEventListener('abort', abort, { once: true });
    try {
      await Promise.race([Promise.all(members.map(({ firstUp }) => firstUp.promise)), cut]);
    } finally {
      timer.cancel();
      signal.removeEventListener('abort', abort);
    }
  }

  /** Stops everything, group by group; what does not end when asked is killed. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const group of groups) {
      const members = this.#members.filter(({ spec }) => spec.group === group);
      await Promise.all(members.map(({ process }) => process.stop(END_MS[group])));
    }
  }

  /** Kills everything at once. */
  kill(): void {
    this.#stopping = true;
    for (const { process } of this.#members) void process.stop(0);
  }

  #add(spec: ProcessSpec): Member {
    const { clock, launcher, log } = this.#deps;
    const firstUp = withResolvers();
    // Nobody waits for it any more once the start has failed for another reason.
    firstUp.promise.catch((error: unknown) => ignore(log, error, 'already given up'));
    const member: Member = {
      spec,
      firstUp,
      settings: 'unread',
      process: new SupervisedProcess({
        clock,
        prepare: () => launcher(spec),
        tell: (happening) => this.#note(member, happening),
      }),
    };
    this.#members.push(member);
    return member;
  }

  #note(member: Member, happening: Happening): void {
    const { clock, log, say, changed } = this.#deps;
    const { name } = member.spec;
    if (this.#stopping) return;
    switch (happening.kind) {
      case 'up':
        log.info('process.up', { process: name, again: happening.again });
        if (happening.again) say(`${name} is back`);
        member.settings = 'taken';
        member.firstUp.resolve();
        break;
      case 'died': {
        const { reason, deaths, retryMs } = happening;
        log.error('process.died', { process: name, reason, deaths, retryMs });
        if (reason === REFUSED) {
          member.settings = 'refused';
          this.#gathering ??= clock.after(GATHER_MS, () => this.#tellRefusals());
          break;
        }
        say(`${name} died (${reason}); it is started again in ${retryMs / 1000} s`);
        if (deaths >= HOPELESS_DEATHS) member.firstUp.reject(this.#notReady([member], `died ${deaths} times`));
        break;
      }
      case 'frozen':
        log.error('process.frozen', { process: name });
        say(`${name} does not react any more; it is killed`);
        break;
    }
    if (this.#gathering !== undefined && this.#members.every(({ settings }) => settings !== 'unread')) {
      this.#tellRefusals();
    }
    changed();
  }

  /** Fails the start with everything that is wrong with anybody's settings. */
  #tellRefusals(): void {
    this.#gathering?.cancel();
    const refused = this.#members.filter(({ settings }) => settings === 'refused');
    const problems = refused.flatMap(({ spec }) => configProblems(this.#deps.logFile(spec.name)));
    const error = new ConfigError([...new Set(problems)].sort());
    for (const { firstUp } of this.#members) firstUp.reject(error);
  }

  #notReady(members: readonly Member[], what: string): NotReadyError {
    const parts = members.map(({ spec: { name } }) => {
      const file = this.#deps.logFile(name);
      return `${name}: ${what}; the end of ${file}:\n${logTail(file)}`;
    });
    return new NotReadyError(parts.join('\n'));
  }
}

function withResolvers(): PromiseWithResolvers {
  let resolve: () => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
