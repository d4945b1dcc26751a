import { type Finding, runAsProgram } from './findings.ts';
import { lineAt, readFiles, type SourceFile } from './repository.ts';

/** Text that belongs to somebody's desk and not to the product. The patterns are spelt so as not to match themselves. */
interface Rule {
  readonly pattern: RegExp;
  readonly message: string;
  /** Files it holds for; all of them when absent. */
  readonly files?: RegExp;
}

const source = /\.(?:ts|mts|mjs|js|sh|ya?ml|tpl)$|(?:^|\/)Dockerfile$|^\.ci\//;

const rules: readonly Rule[] = [
  { pattern: /(?<![\w.~-])\/(?:work|farm)\//g, message: "an absolute path of somebody's workplace" },
  { pattern: /(?<![\w./~-])\/(?:home|Users)\/[\w.-]+\//g, message: "an absolute path of somebody's home" },
  { pattern: /^\s*(?:@[\w-]+:)?registry\s*=/gm, message: 'a package registry of one site', files: /(?:^|\/)\.npmrc$/ },
  {
    pattern: /"resolved": "https?:\/\/(?!registry\.npmjs\.org\/)/g,
    message: 'a package registry of one site',
    files: /(?:^|\/)package-lock\.json$/,
  },
  { pattern: /\bnpm_config_registry=|--registry[= ]https?:/gi, message: 'a package registry of one site' },
  {
    pattern: /\b(?:test|it|describe|suite|context|ctx)(?:\.\w+)*\.(?:only|skip)\(/g,
    message: 'a test is singled out or skipped',
    files: source,
  },
  { pattern: /\b(?:TO(?:)DO|FIX(?:)ME)\b/g, message: 'unfinished work: do it, or write an issue', files: source },
];

/** Every place in `files` that breaks one of the rules. */
export function findStrayText(files: readonly SourceFile[]): Finding[] {
  return files.flatMap(({ path, text }) =>
    rules
      .filter((rule) => rule.files?.test(path) ?? true)
      .flatMap(({ pattern, message }) =>
        [...text.matchAll(pattern)].map((match) => ({ path, line: lineAt(text, match.index), message })),
      ),
  );
}

runAsProgram(import.meta.url, () => findStrayText(readFiles(() => true)));
