import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

export function read(path: string): string {
  return readFileSync(`${root}${path}`, 'utf8');
}

/** The files that git has, or would have. */
export function files(...patterns: readonly string[]): string[] {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', '--', ...patterns];
  return execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim().split('\n');
}

/** Services that are not run as a container: the supervisor does on one machine what compose and Kubernetes do. */
const without: ReadonlySet<string> = new Set(['supervisor']);

/** Folders of services/ that an image is made of. */
export function services(): string[] {
  return readdirSync(`${root}services`).filter((name) => !without.has(name));
}

/** The names in a table of docs/reference/config.md by process, with whether they are required. */
export function settings(): ReadonlyMap<string, ReadonlyMap<string, { readonly required: boolean }>> {
  const sections = read('docs/reference/config.md').split('\n## ').slice(1);
  return new Map(
    sections.map((section) => {
      const rows = [...section.matchAll(/^\| `([A-Z_]+)` \| .*? \| (.*?) \|/gm)];
      const title = section.slice(0, section.indexOf('\n'));
      return [title, new Map(rows.map(([, name = '', fallback]) => [name, { required: fallback === 'required' }]))];
    }),
  );
}
