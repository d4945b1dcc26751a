/** A failure the operator can do something about: its message is all he needs. */
export class CliError extends Error {
  readonly code = 'CLI';
  readonly exitCode: number;

  constructor(message: string, options: ErrorOptions & { exitCode?: number } = {}) {
    super(message, options);
    this.name = 'CliError';
    this.exitCode = options.exitCode ?? 1;
  }
}
