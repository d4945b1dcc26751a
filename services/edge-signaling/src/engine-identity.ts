import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InstanceId } from '@callweave/contracts';
import { createInstanceId } from '@callweave/service';

/** Under which name flows and calls of an engine are known. */
export interface EngineIdentity {
  readonly instance: InstanceId;
  /** That of the engine which was here before, and is no more. */
  readonly before: InstanceId | undefined;
}

/**
 * The id belongs to the engine, which tells it; for one that cannot (drachtio-server) an id is made once. It is kept in
 * the state directory, so that the next engine at this place is known as the successor of this one.
 */
export function engineIdentity(told: string | undefined, stateDir: string): EngineIdentity {
  const path = join(stateDir, 'engine-instance');
  const kept = InstanceId.safeParse(readIfThere(path)).data;
  const instance = InstanceId.safeParse(told).data ?? kept ?? InstanceId.parse(createInstanceId());
  if (instance === kept) return { instance, before: undefined };
  mkdirSync(stateDir, { recursive: true });
  writeFileSync(path, instance);
  return { instance, before: kept };
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
