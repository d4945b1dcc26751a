import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { generatedChartFiles } from '@callweave/charts';
import * as contracts from '@callweave/contracts';
import { isProgram } from './findings.ts';
import { asyncApi } from './reference/asyncapi.ts';
import { configPage, settingsIn } from './reference/config-page.ts';
import { ConnectionsRun, connectionsPage } from './reference/connections-page.ts';
import { collectContracts } from './reference/contracts.ts';
import { drachtioPage } from './reference/drachtio-page.ts';
import { HeldCallsRun, heldCallsPage } from './reference/held-calls-page.ts';
import { metricsIn, metricsPage } from './reference/metrics-page.ts';
import { ScenarioRun, scenariosPage } from './reference/scenarios-page.ts';
import { SurvivalRun, survivalPage } from './reference/survival-page.ts';
import { subjectsPage } from './reference/subjects-page.ts';
import { listFiles, repositoryRoot } from './repository.ts';

const folder = 'docs/reference';

/** Every generated file by its path: the reference, and what the charts take from the sources. As they should be now. */
export async function generateReference(): Promise<Map<string, string>> {
  const declared = collectContracts(contracts);
  const { version } = JSON.parse(readFileSync(`${repositoryRoot}/package.json`, 'utf8')) as { version: string };
  const paths = listFiles();

  // A process that is configured by its command line has an `environment.ts` for what must not be seen there.
  const settings = async (path: string): Promise<ReturnType<typeof settingsIn>> =>
    paths.includes(path) ? settingsIn(await load(path)) : [];
  const processes = await Promise.all(
    matching(paths, /^services\/([^/]+)\/src\/config\.ts$/).map(async ({ path, name }) => ({
      process: name,
      settings: [...(await settings(path)), ...(await settings(path.replace('config.ts', 'environment.ts')))],
    })),
  );
  const metrics = await Promise.all(
    matching(paths, /^((?:libs|services)\/[^/]+)\/src\/metrics\.ts$/).map(async ({ path, name }) => ({
      package: name,
      metrics: metricsIn(await load(path)),
    })),
  );

  const { settings: engineSettings } = await load('services/sip-engine/src/settings.table.ts');
  const { elements } = await load('services/sip-engine/src/elements.table.ts');

  const measured = (name: string): unknown =>
    JSON.parse(readFileSync(`${repositoryRoot}/docs/measured/${name}.json`, 'utf8'));
  const run = ScenarioRun.parse(measured('scenarios'));

  return new Map([
    [`${folder}/subjects.md`, subjectsPage(declared, contracts.serviceProfiles)],
    [`${folder}/config.md`, configPage(settingsIn(await load('libs/service/src/run.ts')), processes)],
    [`${folder}/drachtio.md`, drachtioPage(engineSettings, elements)],
    [`${folder}/metrics.md`, metricsPage(metrics)],
    [`${folder}/scenarios.md`, scenariosPage(run)],
    [`${folder}/connections.md`, connectionsPage(ConnectionsRun.parse(measured('connections')))],
    [`${folder}/held-calls.md`, heldCallsPage(HeldCallsRun.parse(measured('held-calls')))],
    [`${folder}/survival.md`, survivalPage(SurvivalRun.parse(measured('survival')))],
    [`${folder}/asyncapi.json`, `${JSON.stringify(asyncApi(declared, version), undefined, 2)}\n`],
    ...generatedChartFiles(),
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
  for (const [name, text] of await generateReference()) {
    const path = `${repositoryRoot}/${name}`;
    if (existsSync(path) && readFileSync(path, 'utf8') === text) continue;
    if (isCheck) {
      console.log(`${name}:1 is out of date: run npm run generate and commit the result`);
      process.exitCode = 1;
    } else {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
      console.log(`wrote ${name}`);
    }
  }
}
