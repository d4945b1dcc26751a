import { z } from 'zod';
import { code, page, table } from './markdown.ts';

const Outcome = z.enum(['passed', 'failed']).optional();

/** What `npm run verify -- scenarios` keeps. */
export const ScenarioRun = z.object({
  date: z.string(),
  commit: z.string(),
  machine: z.object({ cpu: z.string(), cores: z.number(), node: z.string() }),
  result: z.object({
    phones: z.string(),
    scenarios: z.array(
      z.object({
        feature: z.string(),
        rfc: z.string(),
        oneEdge: z.string().optional(),
        notByDrachtio: z.string().optional(),
        outcomes: z.object({ 'one edge': Outcome, 'two edges': Outcome }),
        ladder: z.array(z.string()),
      }),
    ),
    elsewhere: z.array(z.object({ feature: z.string(), against: z.string(), test: z.string() })),
  }),
});
export type ScenarioRun = z.infer<typeof ScenarioRun>;

/** docs/reference/scenarios.md: what calls do, and the messages that phones of others have seen. */
export function scenariosPage({ date, commit, machine, result }: ScenarioRun): string {
  const { phones, scenarios, elsewhere } = result;
  const rows = scenarios.map(({ feature, rfc, oneEdge, outcomes }) => [
    feature,
    rfc,
    outcomes['one edge'] ?? '–',
    outcomes['two edges'] ?? oneEdge ?? '–',
  ]);
  const drawn = scenarios.map(({ feature, rfc, notByDrachtio, ladder }) => {
    const limits = notByDrachtio === undefined ? '' : ` Not with drachtio-server: ${notByDrachtio}.`;
    return `### ${feature}\n\n${rfc}.${limits}\n\n${['```text', ...ladder, '```'].join('\n')}`;
  });
  return page(
    'Scenarios',
    `What a call does, feature by feature. Every phone is ${phones}: it does what its ladder in \`test/e2e/matrix/\` says, and what it ` +
      'noted down itself must be that ladder. `test/e2e/matrix.e2e.test.ts` has a test of the name of each row, for all phones at ' +
      'one edge, and for callers at one and callees at another. The ladders below are as they were recorded by ' +
      `\`npm run verify -- scenarios\` on ${date.slice(0, 10)}, of commit ${code(commit.slice(0, 10))}, on ${String(machine.cores)} cores of ` +
      `${machine.cpu}, Node ${machine.node}; the times are those of one run. 100, repetitions and registrations are left out, ` +
      'and `challenged` is a request that was sent again with credentials.',
    table(['Feature', 'After', 'At one edge', 'At two edges'], rows),
    `## Shown elsewhere\n\n${table(
      ['Feature', 'Against', 'Test'],
      elsewhere.map(({ feature, against, test }) => [feature, against, code(test)]),
    )}`,
    '## Ladders',
    ...drawn,
  );
}
