import { fileURLToPath } from 'node:url';
import { runSipp } from '@callweave/test';
import { type Deed } from './bare-app.ts';
import { type Side } from './side.ts';

/** What the engine does with calls, by the name under which it is measured. */
export const deeds = { uas: 'answer', b2bua: 'bridge', proxy: 'proxy' } as const satisfies Readonly<
  Record<string, Deed>
>;

/** A name under which the engine is measured. */
export type DeedName = keyof typeof deeds;

/** Those of the names that `only=NAME,NAME` among the arguments leaves; all without it. */
export function deedsOf(args: readonly string[]): readonly DeedName[] {
  const only = args
    .find((arg) => arg.startsWith('only='))
    ?.slice('only='.length)
    .split(',');
  return (Object.keys(deeds) as DeedName[]).filter((name) => only?.includes(name) ?? true);
}

/** Two workers of a proxy overtake each other with what is sent back to back. */
const TALK_MS = 20;

/** A file of `benchmarks/scenarios`. */
export function scenario(name: 'bare-call' | 'bare-answer'): string {
  return fileURLToPath(new URL(`../scenarios/${name}.xml`, import.meta.url));
}

/** Calls to `remote`; given a port, somebody answers there what is passed on. */
export function loadOf(remote: string, calleePort?: number): Side['load'] {
  return async (rate, seconds) => {
    const calls = rate * seconds;
    const stop = new AbortController();
    const answering =
      calleePort === undefined
        ? undefined
        : runSipp({
            ...{ scenario: scenario('bare-answer'), remote, calls: 10 * calls, localPort: calleePort },
            ...{ toleratesDisorder: true, signal: stop.signal },
          });
    const options = { remote, calls, rate, talkMs: TALK_MS, toleratesDisorder: true };
    const result = await runSipp({ scenario: scenario('bare-call'), ...options });
    stop.abort();
    await answering;
    return result;
  };
}
