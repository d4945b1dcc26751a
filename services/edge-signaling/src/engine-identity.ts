import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InstanceId } from '@callweave/contracts';
import { createInstanceId } from '@callweave/service';

/**
 * The id under which flows of an engine are known. It belongs to the engine, which tells it; for one that cannot
 * (drachtio-server) an id is made once and kept in the state directory.
 */
export function engineIdentity(told: string | undefined, stateDir: string): InstanceId {
  const own = InstanceId.safeParse(told);
  if (own.success) return own.data;
  const path = join(stateDir, 'engine-instance');
  const kept = InstanceId.safeParse(readIfThere(path));
  if (kept.success) return kept.data;
  const fresh = InstanceId.parse(createInstanceId());
  mkdirSync(stateDir, { recursive: true });
  writeFileSync(path, fresh);
  return fresh;
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
