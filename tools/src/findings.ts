import { pathToFileURL } from 'node:url';

/** One broken rule, with the place an editor can jump to. */
export interface Finding {
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

/** `path:line message`, as compilers print it. */
export function formatFinding({ path, line, message }: Finding): string {
  return `${path}:${line} ${message}`;
}

/** Runs `check` when the module at `moduleUrl` is the program itself: prints the findings, exit code 1 if any. */
export function runAsProgram(moduleUrl: string, check: () => readonly Finding[]): void {
  if (!isProgram(moduleUrl)) return;
  const findings = check();
  for (const finding of findings) console.log(formatFinding(finding));
  if (findings.length > 0) process.exitCode = 1;
}

/** Whether the module at `moduleUrl` is the one Node was started with. */
export function isProgram(moduleUrl: string): boolean {
  const started = process.argv[1];
  return started !== undefined && pathToFileURL(started).href === moduleUrl;
}
