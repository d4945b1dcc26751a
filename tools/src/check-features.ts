import { type Finding, runAsProgram } from './findings.ts';
import { listFiles, readFiles, type SourceFile } from './repository.ts';
import { testTitles } from './test-titles.ts';

/** The requirements that must have a row, exactly one each. */
export const requirementIds: readonly string[] = [
  ...Array.from({ length: 132 }, (_, index) => `S${index + 1}`),
  ...Array.from({ length: 25 }, (_, index) => `U${index + 1}`),
];

/** What the rows of the feature table are held against. */
export interface Evidence {
  /** Every path of the repository. */
  readonly paths: ReadonlySet<string>;
  /** Test titles by path of the test file. */
  readonly titles: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Everything the feature table claims that the repository does not bear out. */
export function findFeatureLies(table: SourceFile, evidence: Evidence): Finding[] {
  const rows = table.text.split('\n').flatMap((text, index) => parseRow(text, index + 1));
  const messages = rows.flatMap((row) => judge(row, evidence).map((message) => ({ line: row.line, message })));
  const seen = new Set<string>();
  for (const { id, line } of rows) {
    if (!requirementIds.includes(id)) messages.push({ line, message: `${id}: no such requirement` });
    if (seen.has(id)) messages.push({ line, message: `${id}: has a row already` });
    seen.add(id);
  }
  for (const id of requirementIds) if (!seen.has(id)) messages.push({ line: 1, message: `${id}: has no row` });
  return messages.map((message) => ({ path: table.path, ...message }));
}

interface Row {
  readonly line: number;
  readonly id: string;
  readonly state: string;
  readonly where: string;
  readonly shownBy: string;
  readonly cells: number;
}

/** A row is `| id | requirement | state | where | shown by |`; other lines of the page are prose. */
function parseRow(text: string, line: number): Row[] {
  const cells = text.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|'));
  const [before, id, , state, where, shownBy] = cells;
  if (before !== '' || id === undefined || !/^[SU]\d+$/.test(id)) return [];
  return [
    {
      line,
      id,
      state: state ?? '',
      where: blank(where),
      shownBy: blank(shownBy),
      cells: Math.max(cells.length - 2, 0),
    },
  ];
}

function blank(cell = ''): string {
  return cell === '–' ? '' : cell;
}

function judge(row: Row, { paths, titles }: Evidence): string[] {
  const { id, state, where, shownBy } = row;
  if (row.cells !== 5) return [`${id}: a row has five cells, this one has ${row.cells}`];
  const quoted = quotedIn(shownBy);
  const named = [...quotedIn(where), ...quoted].filter(isPath);
  const problems = named.filter((path) => !exists(path, paths)).map((path) => `${id}: there is no ${path}`);

  const claimed = quoted.filter((text) => !isPath(text));
  const files = quoted.filter(isPath);
  const known = [...titles].filter(([path]) => files.length === 0 || files.includes(path));
  for (const title of claimed) {
    if (!known.some(([, all]) => all.has(title))) problems.push(`${id}: no test is called '${title}' there`);
  }

  if (state === 'shown') {
    if (claimed.length === 0) problems.push(`${id}: shown, but names no test title in backticks`);
    if (files.length === 0) problems.push(`${id}: shown, but names no test file in backticks`);
  } else if (state === 'thin') {
    if (where === '') problems.push(`${id}: thin, but does not say what is there`);
  } else if (state === 'missing') {
    if (shownBy !== '') problems.push(`${id}: missing, yet shown by something`);
  } else {
    problems.push(`${id}: the state is shown, thin or missing, not '${state}'`);
  }
  return problems;
}

function quotedIn(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
}

function isPath(text: string): boolean {
  return /^[\w.@-]+(?:\/[\w.@-]+)+\/?$/.test(text) || /^[\w.-]+\.(?:md|ts|mjs|json|yaml)$/.test(text);
}

/** A file, or a folder that holds one. */
function exists(path: string, paths: ReadonlySet<string>): boolean {
  const folder = path.endsWith('/') ? path : `${path}/`;
  return paths.has(path) || [...paths].some((known) => known.startsWith(folder));
}

runAsProgram(import.meta.url, () => {
  const [table] = readFiles((path) => path === 'docs/features.md');
  if (table === undefined) return [{ path: 'docs/features.md', line: 1, message: 'is missing' }];
  const tests = readFiles((path) => /\.(?:test|rows)\.ts$/.test(path));
  return findFeatureLies(table, { paths: new Set(listFiles()), titles: testTitles(tests) });
});
