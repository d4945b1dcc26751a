import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InstanceId } from '@callweave/contracts';
import { createInstanceId } from '@callweave/service';

/** Calls of engines before these have found somebody long since. */
const KEPT = 8;

/** Under which name flows and calls of an engine are known. */
export interface EngineIdentity {
  readonly instance: InstanceId;
  /** Those of the engines that were here before, and are no more; the latest first. */
  readonly before: readonly InstanceId[];
}

/**
 * The id belongs to the engine, which tells it; for one that cannot (drachtio-server) an id is made once. It is kept in
 * the state directory, so that the next engine at this place is known as the successor of this one.
 */
export function engineIdentity(told: string | undefined, stateDir: string): EngineIdentity {
  const path = join(stateDir, 'engine-instance');
  const kept = readIfThere(path)
    .split('\n')
    .flatMap((line) => InstanceId.safeParse(line.trim()).data ?? []);
  const [last] = kept;
  const instance = InstanceId.safeParse(told).data ?? last ?? InstanceId.parse(createInstanceId());
  const before = kept.filter((id) => id !== instance).slice(0, KEPT);
  if (instance !== last) {
    mkdirSync(stateDir, { recursive: true });
    writeFileSync(path, [instance, ...before].join('\n'));
  }
  return { instance, before };
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}
