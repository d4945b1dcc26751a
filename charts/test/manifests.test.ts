import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, inject, test } from 'vitest';
import { parse } from 'yaml';
import { chartNames, ciValues, render, runHelm } from './support/helm.ts';
import { schemaProblems } from './support/known-fields.ts';
import { type Manifest } from './support/manifest.ts';

const variants = chartNames.flatMap((chart) => [
  { chart, variant: 'defaults', file: undefined },
  ...ciValues(chart).map((file) => ({ chart, variant: basename(file, '-values.yaml'), file })),
]);

describe('every chart, with its defaults and each of its values files', () => {
  test('with their defaults helm has nothing against them', async () => {
    const all = chartNames.map((chart) => join(inject('charts'), chart));
    expect(await runHelm(['lint', '--strict', '--quiet', ...all])).toMatchObject({ code: 0, stdout: '' });
  });

  test.each(variants.filter(({ file }) => file !== undefined))(
    '$chart with $variant: helm has nothing against it',
    async ({ chart, file = '' }) => {
      const result = await runHelm(['lint', '--strict', '--quiet', `--values=${file}`, join(inject('charts'), chart)]);
      expect(result).toMatchObject({ code: 0, stdout: '' });
    },
  );

  test.each(variants)('$chart with $variant: Kubernetes knows every field', async ({ chart, file }) => {
    const manifests = await render(chart, file);
    expect(manifests.length).toBeGreaterThan(2);
    const problems = await Promise.all(manifests.map((manifest) => schemaProblems(manifest)));
    expect(problems.flat()).toEqual([]);
  });
});

describe('packages', () => {
  test('a repository of them gives the same release as the sources', async () => {
    const charts = inject('charts');
    const repository = mkdtempSync(join(charts, 'packages-'));
    const folders = chartNames.map((chart) => join(charts, chart));
    expect(await runHelm(['package', '--destination', repository, ...folders])).toMatchObject({ code: 0 });
    expect(await runHelm(['repo', 'index', repository])).toMatchObject({ code: 0 });
    const { entries } = parse(readFileSync(join(repository, 'index.yaml'), 'utf8')) as { entries: object };
    expect(Object.keys(entries).sort()).toEqual([...chartNames].sort());
    const umbrella = readdirSync(repository).find((name) => name.startsWith('callweave-')) ?? '';
    const [packaged, source] = await Promise.all(
      [join(repository, umbrella), join(charts, 'callweave')].map((path) => runHelm(['template', 'voice', path])),
    );
    expect(packaged).toEqual(source);
  });
});

describe('the check of manifests', () => {
  const deployment = (container: object): Manifest => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'x', labels: { any: 'label' } },
    spec: {
      selector: { matchLabels: { a: 'b' } },
      template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', ...container }] } },
    },
  });

  test('a sound manifest passes', async () => {
    expect(await schemaProblems(deployment({ ports: [{ containerPort: 80 }] }))).toEqual([]);
  });

  test('a misspelt field is found however deep it lies', async () => {
    expect(await schemaProblems(deployment({ ports: [{ containerPort: 80, protcol: 'UDP' }] }))).toEqual([
      'Deployment x: nobody knows /spec/template/spec/containers/0/ports/0/protcol',
    ]);
  });

  test('a value of the wrong type is found', async () => {
    const [problem] = await schemaProblems(deployment({ ports: [{ containerPort: 'eighty' }] }));
    expect(problem).toContain('containerPort');
  });
});
