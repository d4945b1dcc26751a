/** The vertical lines of a ladder of the whole platform, and their columns. */
const columnsOfCall = { alice: 0, edge: 26, auth: 48, registrar: 60, routing: 72, media: 84, bob: 94 } as const;

/** Who sends and receives in a call. */
export type Party = keyof typeof columnsOfCall;

/** Something one party told another, or, without `to`, the world. */
export interface Step<P extends string = Party> {
  readonly atMs: number;
  readonly from: P;
  readonly to?: P;
  readonly label: string;
}

type Columns = Readonly<Record<string, number>>;

/** What the last party's name takes. */
const NAME_CHARS = 12;
const TIME_CHARS = 12;

/** A message ladder: a head with the parties, then a line per step, earliest first, timed from the first. */
export function drawLadder(steps: readonly Step<string>[], columns: Columns = columnsOfCall): string[] {
  const sorted = [...steps].sort((a, b) => a.atMs - b.atMs);
  const start = sorted[0]?.atMs ?? 0;
  return [
    `${' '.repeat(TIME_CHARS)}${inColumns(columns, (party) => party)}`.trimEnd(),
    ...sorted.map(
      (step) => `${`${(step.atMs - start).toFixed(1)} ms`.padStart(TIME_CHARS - 2)}  ${drawStep(step, columns)}`,
    ),
  ];
}

function drawStep({ from, to, label }: Step<string>, columns: Columns): string {
  const lifelines = inColumns(columns, () => '│');
  const [start = 0, end = 0] = [columns[from], columns[to ?? from]];
  if (to === undefined) return overlay(lifelines, start, `●·· ${label} `).trimEnd();
  const isRightward = start < end;
  const left = Math.min(start, end) + 1;
  const span = Math.abs(end - start) - 2;
  const shaft = center(` ${cut(label, span - 4)} `, span);
  return overlay(lifelines, left, isRightward ? `${shaft}▶` : `◀${shaft}`).trimEnd();
}

/** Each party's mark in its column. */
function inColumns(columns: Columns, mark: (party: string) => string): string {
  const blank = ' '.repeat(Math.max(...Object.values(columns)) + NAME_CHARS);
  return Object.entries(columns).reduce((line, [party, column]) => overlay(line, column, mark(party)), blank);
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
