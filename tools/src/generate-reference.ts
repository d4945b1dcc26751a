import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import * as contracts from '@callweave/contracts';
import { isProgram } from './findings.ts';
import { asyncApi } from './reference/asyncapi.ts';
import { configPage, settingsIn } from './reference/config-page.ts';
import { collectContracts } from './reference/contracts.ts';
import { metricsIn, metricsPage } from './reference/metrics-page.ts';
import { subjectsPage } from './reference/subjects-page.ts';
import { listFiles, repositoryRoot } from './repository.ts';

const folder = 'docs/reference';

/** The reference pages by file name, as they should be now. */
export async function generateReference(): Promise<Map<string, string>> {
  const declared = collectContracts(contracts);
  const { version } = JSON.parse(readFileSync(`${repositoryRoot}/package.json`, 'utf8')) as { version: string };
  const paths = listFiles();

  const processes = await Promise.all(
    matching(paths, /^services\/([^/]+)\/src\/config\.ts$/).map(async ({ path, name }) => ({
      process: name,
      settings: settingsIn(await load(path)),
    })),
  );
  const metrics = await Promise.all(
    matching(paths, /^((?:libs|services)\/[^/]+)\/src\/metrics\.ts$/).map(async ({ path, name }) => ({
      package: name,
      metrics: metricsIn(await load(path)),
    })),
  );

  return new Map([
    ['subjects.md', subjectsPage(declared, contracts.serviceProfiles)],
    ['config.md', configPage(settingsIn(await load('libs/service/src/run.ts')), processes)],
    ['metrics.md', metricsPage(metrics)],
    ['asyncapi.json', `${JSON.stringify(asyncApi(declared, version), undefined, 2)}\n`],
  ]);
}

function matching(paths: readonly string[], pattern: RegExp): { path: string; name: string }[] {
  return paths.flatMap((path) => {
    const name = pattern.exec(path)?.[1];
    return name === undefined ? [] : [{ path, name }];
  });
}

async function load(path: string): Promise<Readonly<Record<string, unknown>>> {
  return (await import(pathToFileURL(`${repositoryRoot}/${path}`).href)) as Readonly<Record<string, unknown>>;
}

if (isProgram(import.meta.url)) {
  const isCheck = process.argv.includes('--check');
  mkdirSync(`${repositoryRoot}/${folder}`, { recursive: true });
  for (const [name, text] of await generateReference()) {
    const path = `${repositoryRoot}/${folder}/${name}`;
    if (existsSync(path) && readFileSync(path, 'utf8') === text) continue;
    if (isCheck) {
      console.log(`${folder}/${name}:1 is out of date: run npm run generate and commit the result`);
      process.exitCode = 1;
    } else {
      writeFileSync(path, text);
      console.log(`wrote ${folder}/${name}`);
    }
  }
}
