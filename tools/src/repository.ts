import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A file of the repository: its path from the root, with forward slashes, and its text. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** The repository's root directory, without a trailing slash. */
export const repositoryRoot = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** Paths of every file that is tracked or would be: committed or not makes no difference, ignored files never count. */
export function listFiles(root = repositoryRoot): string[] {
  const git = ['-c', 'safe.directory=*', 'ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const listed = execFileSync('git', git, { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  return [...new Set(listed.split('\0'))].filter((path) => path !== '' && isFile(`${root}/${path}`)).sort();
}

/** Reads the listed files whose path passes `wanted`; files with NUL bytes are not text and are left out. */
export function readFiles(wanted: (path: string) => boolean, root = repositoryRoot): SourceFile[] {
  return listFiles(root)
    .filter(wanted)
    .map((path) => ({ path, text: readFileSync(`${root}/${path}`, 'utf8') }))
    .filter(({ text }) => !text.includes('\0'));
}

/** The line, counted from 1, on which `offset` lies. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) line += 1;
  return line;
}

/** Deleted but still tracked files, submodules and links to folders are none. */
function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
