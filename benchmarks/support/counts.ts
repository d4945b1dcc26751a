/** What arguments such as `minutes=10` say of the counts that have defaults. Throws when one is unknown or no count. */
export function countsOf<P extends Readonly<Record<string, number>>>(args: readonly string[], defaults: P): P {
  const given = args.map((arg) => arg.split('=')).map(([name = '', value]) => [name, Number(value)] as const);
  for (const [name, value] of given) {
    if (!(name in defaults) || !Number.isInteger(value) || value <= 0)
      throw new Error(
        `expected ${Object.keys(defaults)
          .map((known) => `${known}=N`)
          .join(' ')}`,
      );
  }
  return { ...defaults, ...Object.fromEntries(given) };
}
