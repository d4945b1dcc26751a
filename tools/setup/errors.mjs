/** Something needed is not there and may not be installed (`EX_UNAVAILABLE`, sysexits.h). */
export const EXIT_UNAVAILABLE = 69;

/** A set-up that cannot go on; its message tells a person what to do. */
export class SetupError extends Error {
  /**
   * @param {string} message
   * @param {number} [exitCode]
   */
  constructor(message, exitCode = 1) {
    super(message);
    this.name = 'SetupError';
    this.code = 'SETUP';
    this.exitCode = exitCode;
  }
}
