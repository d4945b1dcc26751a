import { drawLadder, type Step } from '../../support/ladder.ts';
import { type Played } from './stage.ts';

/** Between two lines of a ladder. */
const COLUMN_CHARS = 44;

/** The ladder of a row, of what all its phones noted down: callers on the left, the edge, who is called on the right. */
export function drawPlayed(played: ReadonlyMap<string, Played>): string[] {
  const isCaller = ({ ladder }: Played): boolean => ladder[0]?.startsWith('→') === true;
  const phones = [...played];
  const callers = phones.filter(([, phone]) => isCaller(phone)).map(([name]) => name);
  const called = phones.filter(([, phone]) => !isCaller(phone)).map(([name]) => name);
  const parties = [...callers, 'edge', ...called];
  const columns = Object.fromEntries(parties.map((party, index) => [party, index * COLUMN_CHARS]));
  const steps = phones.flatMap(([phone, { ladder, seen }]) =>
    ladder.map((line, index): Step<string> => {
      const isSent = line.startsWith('→');
      const label = line.slice(2).replaceAll(/[{}]/g, '');
      return { atMs: seen[index]?.atMs ?? 0, from: isSent ? phone : 'edge', to: isSent ? 'edge' : phone, label };
    }),
  );
  return drawLadder(steps, columns);
}
