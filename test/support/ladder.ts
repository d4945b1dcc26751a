/** The vertical lines of a ladder and their columns. */
const columns = { alice: 0, edge: 26, auth: 48, registrar: 60, routing: 72, media: 84, bob: 94 } as const;

/** Who sends and receives in a call. */
export type Party = keyof typeof columns;

/** Something one party told another, or, without `to`, the world. */
export interface Step {
  readonly atMs: number;
  readonly from: Party;
  readonly to?: Party;
  readonly label: string;
}

const WIDTH = 100;
const TIME_CHARS = 12;

/** A message ladder: a head with the parties, then a line per step, earliest first, timed from the first. */
export function drawLadder(steps: readonly Step[]): string[] {
  const sorted = [...steps].sort((a, b) => a.atMs - b.atMs);
  const start = sorted[0]?.atMs ?? 0;
  return [
    `${' '.repeat(TIME_CHARS)}${inColumns((party) => party)}`.trimEnd(),
    ...sorted.map((step) => `${`${(step.atMs - start).toFixed(1)} ms`.padStart(TIME_CHARS - 2)}  ${drawStep(step)}`),
  ];
}

function drawStep({ from, to, label }: Step): string {
  const lifelines = inColumns(() => '│');
  if (to === undefined) return overlay(lifelines, columns[from], `●·· ${label} `).trimEnd();
  const isRightward = columns[from] < columns[to];
  const left = Math.min(columns[from], columns[to]) + 1;
  const span = Math.abs(columns[to] - columns[from]) - 2;
  const shaft = center(` ${cut(label, span - 4)} `, span);
  return overlay(lifelines, left, isRightward ? `${shaft}▶` : `◀${shaft}`).trimEnd();
}

/** Each party's mark in its column. */
function inColumns(mark: (party: Party) => string): string {
  const parties = Object.keys(columns) as Party[];
  return parties.reduce((line, party) => overlay(line, columns[party], mark(party)), ' '.repeat(WIDTH));
}

function center(text: string, chars: number): string {
  return text.padStart(Math.ceil((chars + text.length) / 2), '─').padEnd(chars, '─');
}

function cut(text: string, chars: number): string {
  return text.length <= chars ? text : `${text.slice(0, chars - 1)}…`;
}

function overlay(line: string, at: number, text: string): string {
  return line.slice(0, at) + text + line.slice(at + text.length);
}
