import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inject } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { type Manifest } from './manifest.ts';

const repository = fileURLToPath(new URL('../../..', import.meta.url));

/** Where the charts are written. */
export const chartsFolder = join(repository, 'charts');

/** Every chart that can be installed; the umbrella is the last. */
export const chartNames: readonly string[] = readdirSync(chartsFolder)
  .filter((name) => existsSync(join(chartsFolder, name, 'Chart.yaml')) && name !== 'common')
  .sort((a, b) => Number(a === 'callweave') - Number(b === 'callweave') || (a < b ? -1 : 1));

/** Values as a `values.yaml` has them. */
export type Values = Readonly<Record<string, unknown>>;

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs helm, with nothing of the user who runs it; `input` is its standard input. */
export function runHelm(args: readonly string[], input = ''): Promise<Ended> {
  const program = readdirSync(join(repository, '.callweave')).find((name) => /^helm-[\d.]+$/.test(name));
  if (program === undefined) throw new Error('no helm here: npm run setup');
  const env = { HOME: tmpdir(), HELM_CACHE_HOME: join(tmpdir(), 'callweave-helm') };
  return new Promise((resolve) => {
    const options = { env, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 } as const;
    const child = execFile(join(repository, '.callweave', program), args, options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : 1, stdout, stderr });
    });
    child.stdin?.end(input);
  });
}

/** Values files for a chart's continuous integration, by file name. */
export function ciValues(chart: string): string[] {
  const folder = join(chartsFolder, chart, 'ci');
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
}

/** What a release of `chart` with `values`, or with a values file, consists of. */
export async function render(chart: string, values: Values | string = {}): Promise<Manifest[]> {
  // Several files look at the same releases.
  const name = createHash('sha256')
    .update(`${chart}\0${JSON.stringify(values)}`)
    .digest('hex');
  const kept = join(inject('charts'), `${name}.yaml`);
  if (!existsSync(kept)) {
    const { code, stdout, stderr } = await template(chart, values);
    if (code !== 0) throw new Error(`helm template ${chart}: ${stderr}`);
    writeFileSync(`${kept}.${process.pid}`, stdout);
    renameSync(`${kept}.${process.pid}`, kept);
  }
  return parseAllDocuments(readFileSync(kept, 'utf8')).flatMap((document) => {
    const manifest = document.toJS() as Manifest | null;
    return manifest === null ? [] : [manifest];
  });
}

/** Why helm refuses `values`; undefined when it does not. */
export async function refusal(chart: string, values: Values): Promise<string | undefined> {
  const { code, stderr } = await template(chart, values);
  return code === 0 ? undefined : stderr;
}

function template(chart: string, values: Values | string): Promise<Ended> {
  const file = typeof values === 'string' ? values : '-';
  const input = typeof values === 'string' ? '' : JSON.stringify(values);
  return runHelm(['template', 'voice', join(inject('charts'), chart), '--namespace=voice', `--values=${file}`], input);
}
