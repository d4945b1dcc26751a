import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestProject } from 'vitest/node';
import { chartNames, chartsFolder, runHelm } from './helm.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Folder with the charts, each with the charts it depends on. */
    charts: string;
  }
}

/** Puts the charts together once, in a copy, with the commands that operators use. */
export default async function assemble(project: TestProject): Promise<() => void> {
  const folder = mkdtempSync(join(tmpdir(), 'callweave-charts-'));
  const remove = (): void => rmSync(folder, { recursive: true });
  try {
    for (const name of ['common', ...chartNames]) {
      // What a developer has put together is not what the tests look at.
      const isOwn = (path: string): boolean => path !== join(chartsFolder, name, 'charts');
      cpSync(join(chartsFolder, name), join(folder, name), { recursive: true, filter: isOwn });
    }
    // The umbrella is the last: it takes the others as they are.
    for (const name of chartNames) {
      const { code, stderr } = await runHelm(['dependency', 'update', join(folder, name)]);
      if (code !== 0) throw new Error(`helm dependency update ${name}: ${stderr}`);
    }
  } catch (error) {
    remove();
    throw error;
  }
  project.provide('charts', folder);
  return remove;
}
