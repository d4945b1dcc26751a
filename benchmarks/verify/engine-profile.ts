// Where the SIP engine spends its time, by V8's profile of a loaded engine: the functions that take the most by
// themselves, in percent of its busy time, and docs/measured/engine-profile-NAME.svg, a flame graph. Its start and the
// time in which V8 still compiles are in it. Arguments: seconds=N rate=N; only=NAME,NAME.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import { freePort, takeLoadTurn } from '@callweave/test';
import { type Frame, readCpuProfile, type SelfTime, selfTimes } from '../support/cpu-profile.ts';
import { type DeedName, deeds, deedsOf, loadOf } from '../support/engine-load.ts';
import { startEngine } from '../support/engine-side.ts';
import { flameGraph } from '../support/flame-graph.ts';
import { planOf, TURN_MS } from '../support/rounds.ts';

const FUNCTIONS = 30;

const args = argv.slice(2);
const { seconds, rate } = planOf(args, { rounds: 1, seconds: 30, rate: 400 });
const selfTime: Record<string, readonly SelfTime[]> = {};
for (const name of deedsOf(args)) {
  const root = await profile(name);
  selfTime[name] = selfTimes(root, FUNCTIONS);
  const file = fileURLToPath(new URL(`../../docs/measured/engine-profile-${name}.svg`, import.meta.url));
  writeFileSync(file, flameGraph(root, `The SIP engine as ${name} at ${rate} calls/s`));
}
console.log(JSON.stringify({ seconds, rate, percentOfBusyTime: selfTime }));

async function profile(name: DeedName): Promise<Frame> {
  const deed = deeds[name];
  const directory = mkdtempSync(join(tmpdir(), 'callweave-profile-'));
  try {
    const engine = await startEngine({ nodeOptions: ['--cpu-prof', `--cpu-prof-dir=${directory}`] });
    try {
      const calleePort = deed === 'answer' ? undefined : await freePort();
      await engine.startApp(deed, `127.0.0.1:${calleePort ?? 0}`);
      const endTurn = await takeLoadTurn(TURN_MS);
      const { failed } = await loadOf(engine.address, calleePort)(rate, seconds).finally(endTurn);
      if (failed > 0) console.error(`${name}: ${failed} calls failed`);
    } finally {
      await engine.stop();
    }
    return readCpuProfile(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
