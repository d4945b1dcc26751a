// Whether the SIP engine is after a long load what it was before: SIPp calls SIPp through a two-sided call of
// drachtio-srf, 10 minutes at 200 calls/s; memory after a full collection, open files, and all that the engine counts,
// before, each minute, and once the last transaction is over. Fails when something is left. Arguments: minutes=N rate=N.
import { readdirSync } from 'node:fs';
import process, { argv } from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort, runSipp, type SippResult } from '@callweave/test';
import { countsOf } from '../support/counts.ts';
import { type EngineUnderLoad, type Memory, startEngine } from '../support/engine-side.ts';
import { round } from '../support/statistics.ts';

const TALK_MS = 2_000;
/** Calls before the first look: what is compiled and cached once is no leak. */
const WARM_UP_SEC = 30;
/** Longer than a transaction is kept after its last message, RFC 6026 §7.1. */
const SETTLED_MS = 38_000;
const LOOK_MS = 60_000;
/** What the heap may have grown by: code that was compiled late. */
const MAX_GROWTH = 1.1;

/** What an engine has at one moment. */
interface Look extends Memory {
  readonly openFiles: number;
  /** Gauges of the engine by name. */
  readonly held: Readonly<Record<string, number>>;
}

const plan = countsOf(argv.slice(2), { minutes: 10, rate: 200 });
const scenario = (name: string): string => fileURLToPath(new URL(`../scenarios/${name}.xml`, import.meta.url));
const calleePort = await freePort();
const httpPort = await freePort();
const engine = await startEngine({ flags: ['--http-port', String(httpPort)] });
try {
  await engine.startApp('bridge', `127.0.0.1:${String(calleePort)}`);
  await load(WARM_UP_SEC);
  await pause(SETTLED_MS);
  const before = await look(engine);
  console.error(JSON.stringify({ before }));

  const during: Look[] = [];
  const looks = setInterval(() => {
    void look(engine).then((seen) => {
      during.push(seen);
      console.error(JSON.stringify(seen));
    });
  }, LOOK_MS);
  const { successful, failed, retransmissions } = await load(60 * plan.minutes).finally(() => clearInterval(looks));
  await pause(SETTLED_MS);
  const after = await look(engine);
  const growth = round(after.heapUsed / before.heapUsed);
  const left = Object.entries(after.held).filter(([name, value]) => value > (before.held[name] ?? 0));
  const isClean = left.length === 0 && growth <= MAX_GROWTH && after.openFiles <= before.openFiles;
  const calls = { successful, failed, retransmissions };
  console.log(JSON.stringify({ ...plan, talkMs: TALK_MS, isClean, calls, heapGrowth: growth, before, during, after }));
  if (!isClean || failed > 0) process.exitCode = 1;
} finally {
  await engine.stop();
}

/** Calls for so long, which a callee of their own takes. */
async function load(seconds: number): Promise<SippResult> {
  const calls = plan.rate * seconds;
  const stop = new AbortController();
  const timeoutSec = seconds + 60;
  const answering = runSipp({
    ...{ scenario: scenario('bare-answer'), remote: engine.address, calls: 10 * calls, localPort: calleePort },
    ...{ toleratesDisorder: true, signal: stop.signal, timeoutSec: timeoutSec + 60 },
  });
  const options = { remote: engine.address, calls, rate: plan.rate, talkMs: TALK_MS, timeoutSec };
  const result = await runSipp({ scenario: scenario('bare-call'), ...options, toleratesDisorder: true });
  stop.abort();
  await answering;
  return result;
}

async function look(looked: EngineUnderLoad): Promise<Look> {
  const text = await (await fetch(`http://127.0.0.1:${String(httpPort)}/metrics`)).text();
  const gauges = [...text.matchAll(/^callweave_engine_(\w+?)(?:\{[^}]*\})? (\d+)$/gm)];
  const counted = new Set(['transactions', 'dialogs', 'connections', 'requests_pending', 'timers']);
  const held = gauges.filter(([, name = '']) => counted.has(name)).map(([, name = '', value]) => [name, Number(value)]);
  if (held.length !== counted.size) throw new Error(`the engine does not tell all of ${[...counted].join()}`);
  const openFiles = readdirSync(`/proc/${String(looked.pid)}/fd`).length;
  return { ...(await looked.memory()), openFiles, held: Object.fromEntries(held) as Record<string, number> };
}
