import { code, page, table } from './markdown.ts';

/** One metric as `metrics.ts` declares it. */
export interface Metric {
  readonly name: string;
  readonly kind: string;
  readonly help: string;
  readonly unit: string;
  readonly labels: readonly string[];
}

/** The metrics of one package. */
export interface PackageMetrics {
  readonly package: string;
  readonly metrics: readonly Metric[];
}

/** docs/reference/metrics.md: what `/metrics` of each process may show, package by package. */
export function metricsPage(packages: readonly PackageMetrics[]): string {
  const sections = packages
    .filter(({ metrics }) => metrics.length > 0)
    .map(({ package: name, metrics }) => `## ${name}\n\n${metricsTable(metrics)}`);
  return page(
    'Metrics',
    'Each process serves them at `/metrics` on its health port, in the text format of Prometheus, a counter with `_total` behind its name. A library is listed ' +
      'once; every process that uses it has its metrics.',
    ...(sections.length > 0 ? sections : ['None yet.']),
  );
}

/** The metrics among the exports of a module, at the top or one level down. */
export function metricsIn(exported: Readonly<Record<string, unknown>>): Metric[] {
  const nested = Object.values(exported).flatMap((value) =>
    isMetric(value) || typeof value !== 'object' || value === null ? [value] : (Object.values(value) as unknown[]),
  );
  return [...new Set(nested.filter(isMetric))];
}

function isMetric(value: unknown): value is Metric {
  return typeof value === 'object' && value !== null && ['name', 'kind', 'help', 'labels'].every((key) => key in value);
}

function metricsTable(metrics: readonly Metric[]): string {
  const rows = [...metrics]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, kind, unit, labels, help }) => [
      code(name),
      kind,
      unit === '' ? '–' : unit,
      labels.map(code).join(', ') || '–',
      help,
    ]);
  return table(['Metric', 'Kind', 'Unit', 'Labels', 'What it counts'], rows);
}
