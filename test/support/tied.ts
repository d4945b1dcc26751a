/**
 * What to start instead of a program, so that it gets `signal` when the process that starts it ends, however that one ends
 * (`PR_SET_PDEATHSIG`, which `setpriv` of util-linux sets). A program that has workers of its own must be asked to end, or they would stay.
 */
export function tied(program: string, args: readonly string[], signal: 'KILL' | 'TERM' = 'KILL'): [string, string[]] {
  return ['setpriv', ['--pdeathsig', signal, program, ...args]];
}
