/** A value that must be there by now. */
export function there<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('not there, or not yet');
  return value;
}
