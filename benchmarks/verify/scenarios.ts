// Every row of the scenario matrix, with the ladder that its phones noted down. `npm run generate` makes a page of it.
import { execFileSync } from 'node:child_process';
import { drawPlayed, type Place, places, play, rows, shownElsewhere, startPlatform } from '@callweave/test';

type Outcome = 'passed' | 'failed';

const platform = await startPlatform({ CALLWEAVE_SIP_PORTS: '0,0' });
const bus = await platform.bus();
const stage = { bus, edges: platform.sip };
const scenarios: unknown[] = [];
for (const row of rows) {
  const outcomes: Partial<Record<Place, Outcome>> = {};
  let ladder: string[] = [];
  for (const place of places) {
    if (place === 'two edges' && (row.oneEdge !== undefined || platform.sip.length < 2)) continue;
    const played = await play(row, place, stage);
    const isSame = [...played.values()].every(({ expected, ladder: lines }) => expected.join() === lines.join());
    outcomes[place] = isSame ? 'passed' : 'failed';
    if (place === 'one edge') ladder = drawPlayed(played);
  }
  const { feature, rfc, oneEdge, notByDrachtio } = row;
  scenarios.push({ feature, rfc, oneEdge, notByDrachtio, outcomes, ladder });
  process.stderr.write(`${feature}: ${JSON.stringify(outcomes)}\n`);
}
await platform.stop();
process.stdout.write(`${JSON.stringify({ phones: sippVersion(), scenarios, elsewhere: shownElsewhere })}\n`);

/** It ends with 99 when it is asked for its version. */
function sippVersion(): string {
  try {
    return execFileSync('sipp', ['-v'], { encoding: 'utf8' });
  } catch (error) {
    const output = error instanceof Error && 'stdout' in error ? String(error.stdout) : '';
    return /SIPp v[\d.]+/.exec(output)?.[0] ?? 'SIPp';
  }
}
