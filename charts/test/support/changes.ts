import { type Manifest } from './manifest.ts';

/** What `after` differs in from `before`, as `Kind name path: old → new`; what is whole gone or new, as one line. */
export function changes(before: readonly Manifest[], after: readonly Manifest[]): string[] {
  const old = byName(before);
  const now = byName(after);
  return [...new Set([...old.keys(), ...now.keys()])].sort().flatMap((name) => {
    const [was, is] = [old.get(name), now.get(name)];
    if (was === undefined) return [`+ ${name}`];
    if (is === undefined) return [`- ${name}`];
    return differences(flatten(was), flatten(is)).map((line) => `${name} ${line}`);
  });
}

function byName(manifests: readonly Manifest[]): Map<string, Manifest> {
  return new Map(manifests.map((manifest) => [`${manifest.kind} ${manifest.metadata.name}`, manifest]));
}

function differences(old: ReadonlyMap<string, string>, now: ReadonlyMap<string, string>): string[] {
  return [...new Set([...old.keys(), ...now.keys()])]
    .filter((path) => old.get(path) !== now.get(path))
    .map((path) => `${path}: ${old.get(path) ?? 'nothing'} → ${now.get(path) ?? 'nothing'}`);
}

/** Leaves by path. Items of a list go by their name where they have one, so that order and count do not matter. */
function flatten(value: unknown, path = ''): Map<string, string> {
  if (typeof value !== 'object' || value === null) return new Map([[path, JSON.stringify(value)]]);
  const fields = Object.entries(value).map(([key, field]: [string, unknown]) => [nameOf(field) ?? key, field] as const);
  return new Map(fields.flatMap(([key, field]) => [...flatten(field, path === '' ? key : `${path}.${key}`)]));
}

function nameOf(item: unknown): string | undefined {
  const name = typeof item === 'object' && item !== null && 'name' in item ? item.name : undefined;
  return typeof name === 'string' ? `[${name}]` : undefined;
}
