import { type Finding, runAsProgram } from './findings.ts';
import { readFiles, type SourceFile } from './repository.ts';

/** A file longer than this is one that everybody fears to change. */
const maxLines = 400;

/** Tables, generated files and tests are read by entry, not from top to bottom. */
const maxTableLines = 600;

const lenient = /(?:\.table|\.generated|\.test)\.ts$|(?:^|\/)test\//;

/** Every source file that has outgrown its limit. */
export function findOversized(files: readonly SourceFile[]): Finding[] {
  return files.flatMap(({ path, text }) => {
    const limit = lenient.test(path) ? maxTableLines : maxLines;
    const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
    return lines > limit ? [{ path, line: limit + 1, message: `${lines} lines, the limit is ${limit}: split it` }] : [];
  });
}

runAsProgram(import.meta.url, () => findOversized(readFiles((path) => /\.(?:ts|mts|mjs|js)$/.test(path))));
