/** What is made before the tests run, for those who come after that. */
export function there<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('not there, or not yet');
  return value;
}
