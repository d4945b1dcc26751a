/** Why the platform does not start; the message tells a person what to do. */
export abstract class PlatformError extends Error {
  abstract readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** Ports that others have, or an address this machine has not; one line each. */
export class PortsUnavailableError extends PlatformError {
  readonly code = 'PORTS_UNAVAILABLE';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`cannot start:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

/** Another platform lives in the state directory. */
export class StateDirInUseError extends PlatformError {
  readonly code = 'STATE_DIR_IN_USE';
}

/** A file in the state directory that cannot be read as what it should be. */
export class StateFileError extends PlatformError {
  readonly code = 'STATE_FILE';
}

/** A process, or a server elsewhere, that did not become ready. */
export class NotReadyError extends PlatformError {
  readonly code = 'NOT_READY';
}
