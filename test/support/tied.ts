/**
 * What to start instead of a program, so that it is killed when the process that starts it ends, however that one ends
 * (`PR_SET_PDEATHSIG`, which `setpriv` of util-linux sets).
 */
export function tied(program: string, args: readonly string[]): [string, string[]] {
  return ['setpriv', ['--pdeathsig', 'KILL', program, ...args]];
}
