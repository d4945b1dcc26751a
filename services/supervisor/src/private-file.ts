import { renameSync, writeFileSync } from 'node:fs';

/** Writes a file that only its owner may read; readers see the old content or the new, never a part. */
export function writePrivate(file: string, content: string): void {
  const fresh = `${file}.new`;
  writeFileSync(fresh, content, { mode: 0o600 });
  renameSync(fresh, file);
}
