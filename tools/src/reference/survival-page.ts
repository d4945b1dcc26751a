import { z } from 'zod';
import { code, page, table } from './markdown.ts';

/** What `npm run verify -- survival` keeps. */
export const SurvivalRun = z.object({
  date: z.string(),
  commit: z.string(),
  machine: z.object({ cpu: z.string(), cores: z.number(), node: z.string() }),
  result: z.object({
    tests: z.array(
      z.object({
        title: z.string(),
        passed: z.boolean(),
        seconds: z.number(),
        /** Where it stands in the matrix, if it does. */
        field: z.object({ who: z.string(), way: z.string(), how: z.string(), calls: z.number() }).optional(),
        /** How long each process took to end that was asked to, ms. */
        drainsMs: z.record(z.string(), z.number()).optional(),
        /** Who died by chance, and what had it so. */
        chance: z.object({ seed: z.number(), deaths: z.array(z.string()) }).optional(),
        /** How long calls were silent meanwhile, in the middle and at most. */
        silentMs: z.object({ calls: z.number(), median: z.number(), max: z.number() }).optional(),
        /** Of which commit, where that is another one than that of the run. */
        commit: z.string().optional(),
      }),
    ),
  }),
});
export type SurvivalRun = z.infer<typeof SurvivalRun>;

/** The ways of being dead. */
const WAYS = ['killed', 'frozen', 'cut off', 'slow'] as const;

/** docs/reference/survival.md: who may die, in which way, and whether calls live on. */
export function survivalPage({ date, commit: last, machine, result }: SurvivalRun): string {
  const fields = result.tests.flatMap(({ field, passed, silentMs, commit = last }) =>
    field === undefined ? [] : [{ ...field, passed, silentMs, commit }],
  );
  const outcome = (passed: boolean): string => (passed ? 'passed' : '**failed**');
  const cell = (who: string, way: string): string => {
    const found = fields.filter((field) => field.who === who && field.way === way);
    return found.length === 0 ? '–' : outcome(found.every(({ passed }) => passed));
  };
  const whos = [...new Set(fields.map(({ who }) => who))];
  const others = result.tests.filter(({ field }) => field === undefined);
  return page(
    'Survival',
    'Who may die while calls with speech are up, and whether they live on: none is lost, each agrees to its session anew ' +
      'and is hung up with 200, has one `ended` and one record, leaves no media session, and `callweave audit` balances. ' +
      'A phone that is told 503 with Retry-After comes back. Who is in an application whose server dies goes on in another one ' +
      `that begins anew. As recorded by \`npm run verify -- survival\` on ${date.slice(0, 10)}, on ${String(machine.cores)} ` +
      `cores of ${machine.cpu}, Node ${machine.node}; a field without a word is not tried.`,
    table(
      ['Who', ...WAYS],
      whos.map((who) => [who, ...WAYS.map((way) => cell(who, way))]),
    ),
    '## How',
    'Silence: for how long nothing of a side of a call was relayed, in the middle and at most, in seconds. It is looked ' +
      'every quarter of a second, so that 0.3 is what speech without a gap looks like.',
    table(
      ['Who', 'Way', 'How', 'Calls', 'Silence', 'Outcome', 'Commit'],
      fields.map(({ who, way, how, calls, passed, silentMs, commit }) => [
        ...[who, way, how, String(calls), silence(silentMs), outcome(passed)],
        code(commit.slice(0, 10)),
      ]),
    ),
    '## Beside it',
    table(
      ['Test', 'Passed', 'With', 'Commit'],
      repeated(others).map(({ title, tests }) => [
        ...[title, passedOf(tests), tests.map(circumstances).filter(Boolean).join('; ')],
        [...new Set(tests.map(({ commit = last }) => code(commit.slice(0, 10))))].join(', '),
      ]),
    ),
  );
}

type Test = SurvivalRun['result']['tests'][number];

/** Tests that are run again and again, together. */
function repeated(tests: readonly Test[]): { readonly title: string; readonly tests: readonly Test[] }[] {
  const groups = new Map<string, Test[]>();
  for (const test of tests) {
    const title = test.title.replace(/, for the \d+th time$| \(\d+\)$/, '');
    groups.set(title, [...(groups.get(title) ?? []), test]);
  }
  return [...groups].map(([title, group]) => ({ title, tests: group }));
}

function passedOf(tests: readonly Test[]): string {
  const passed = tests.filter((test) => test.passed).length;
  return passed === tests.length ? String(passed) : `**${String(passed)}** of ${String(tests.length)}`;
}

function circumstances({ drainsMs, chance }: Test): string {
  const drains = Object.entries(drainsMs ?? {}).sort(([, one], [, other]) => other - one);
  const [slowest] = drains;
  if (slowest !== undefined)
    return `${String(drains.length)} restarts; ${slowest[0]} took longest to end, ${(slowest[1] / 1_000).toFixed(1)} s`;
  return chance === undefined ? '' : `seed ${String(chance.seed)}, ${String(chance.deaths.length)} deaths`;
}

function silence(silentMs: { readonly median: number; readonly max: number } | undefined): string {
  if (silentMs === undefined) return '–';
  const seconds = (ms: number): string => (ms / 1_000).toFixed(1);
  return `${seconds(silentMs.median)}, ${seconds(silentMs.max)}`;
}
