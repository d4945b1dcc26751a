import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** Writes a file and gives its path; all are gone after the tests of the file that calls this. */
export function temporaryFiles(): (name: string, text: string) => string {
  const directory = mkdtempSync(join(tmpdir(), 'callweave-files-'));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  return (name, text) => {
    const path = join(directory, name);
    writeFileSync(path, text);
    return path;
  };
}
