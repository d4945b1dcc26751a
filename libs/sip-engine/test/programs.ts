import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Programs of a test, in a folder of their own; none outlives it. They are asked to end: some have workers to end. */
export class Programs {
  readonly #running = new Set<ChildProcess>();
  readonly #directory: Promise<string> = mkdtemp(join(tmpdir(), 'sip-engine-'));
  #files = 0;

  /** Writes a file and returns its path. */
  async file(text: string): Promise<string> {
    const path = join(await this.#directory, `${++this.#files}.txt`);
    await writeFile(path, text);
    return path;
  }

  async start(program: string, args: readonly string[]): Promise<ChildProcess> {
    const cwd = await this.#directory;
    return this.#keep(spawn(...tied(program, args), { cwd, env: { PATH }, stdio: 'ignore' }));
  }

  /** The same with one that is written to and read from. */
  async talk(program: string, args: readonly string[]): Promise<ChildProcessWithoutNullStreams> {
    const cwd = await this.#directory;
    return this.#keep(spawn(...tied(program, args), { cwd, env: { PATH } }));
  }

  #keep<T extends ChildProcess>(child: T): T {
    this.#running.add(child);
    child.once('exit', () => this.#running.delete(child));
    return child;
  }

  /** Plays a scenario of SIPp once; resolves with what went wrong, empty when nothing did. */
  async sipp(scenario: string, remote: string, args: readonly string[] = []): Promise<string> {
    const file = await this.file(scenario);
    const given = [remote, '-sf', file, '-i', '127.0.0.1', '-m', '1', '-nostdin', '-trace_err', '-timeout', '25s'];
    const child = await this.start('sipp', [...given, '-timeout_error', ...args]);
    const [code] = (await once(child, 'exit')) as [number | null];
    if (code === 0) return '';
    const directory = await this.#directory;
    const logs = (await readdir(directory)).filter((name) => name.endsWith('_errors.log'));
    return `SIPp ended with ${String(code)}: ${(await Promise.all(logs.map((name) => readFile(join(directory, name), 'utf8')))).join('\n')}`;
  }

  async stop(): Promise<void> {
    const gone = [...this.#running].map((child) => once(child, 'exit'));
    for (const child of this.#running) child.kill('SIGTERM');
    await Promise.all(gone);
    await rm(await this.#directory, { recursive: true, force: true });
  }
}

function tied(program: string, args: readonly string[]): [string, string[]] {
  return ['setpriv', ['--pdeathsig', 'TERM', program, ...args]];
}
