import { type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { end, endsEarly, startNode } from './child-process.ts';

const APP = fileURLToPath(new URL('../apps/bare-app.ts', import.meta.url));

const READY_MS = 20_000;

/** What the application does with every call; `benchmarks/apps/bare-app.ts`. */
export type Deed = 'answer' | 'bridge' | 'proxy';

/** An application of drachtio-srf in a process of its own. */
export class BareApp {
  readonly pid: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.pid = child.pid ?? NaN;
  }

  /** Starts it and waits until the engine at `controlPort` has let it in. */
  static async start(deed: Deed, controlPort: number, callee = ''): Promise<BareApp> {
    const options = ['--conditions=@callweave/source', '--import', 'tsx'];
    const child = startNode([...options, APP, deed, String(controlPort), callee]);
    try {
      await Promise.race([
        once(child, 'message', { signal: AbortSignal.timeout(READY_MS) }),
        endsEarly(child, 'an application'),
      ]);
      return new BareApp(child);
    } catch (error) {
      await end(child);
      throw error;
    }
  }

  stop(): Promise<void> {
    return end(this.#child);
  }
}
