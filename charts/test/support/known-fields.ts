import { type Manifest } from './manifest.ts';

interface Model {
  validate(): void;
}
type Models = Readonly<Record<string, (new (data: object) => Model) | undefined>>;

/**
 * Everything that Kubernetes' own schemas hold against `manifest`. Their validators let fields pass that they do not
 * know, so we watch which fields they read: one that nobody reads is one that nobody knows.
 */
export async function schemaProblems(manifest: Manifest): Promise<string[]> {
  const { apiVersion, kind } = manifest;
  const models = (await import(packageOf(apiVersion))) as Models;
  const Model = models[kind];
  if (Model === undefined) return [`${apiVersion} ${kind}: no such kind`];
  const read = new Set<string>();
  const where = `${kind} ${manifest.metadata.name}`;
  try {
    watched(new Model(manifest), '', read).validate();
  } catch (error) {
    return [`${where}: ${String(error)}`];
  }
  return paths(manifest, '')
    .filter((path) => !read.has(path))
    .map((path) => `${where}: nobody knows ${path}`);
}

function packageOf(apiVersion: string): string {
  if (apiVersion.startsWith('monitoring.coreos.com/')) return `@kubernetes-models/prometheus-operator/${apiVersion}`;
  return `kubernetes-models/${apiVersion}`;
}

/** `value`, noting down each of its fields that is read, and of what lies in it. */
function watched<T extends object>(value: T, path: string, read: Set<string>): T {
  return new Proxy(value, {
    get: (target, key, receiver) => {
      const field: unknown = Reflect.get(target, key, receiver);
      if (typeof key === 'symbol' || typeof field === 'function') return field;
      const at = `${path}/${key}`;
      read.add(at);
      return typeof field === 'object' && field !== null ? watched(field, at, read) : field;
    },
  });
}

function paths(value: object, path: string): string[] {
  return Object.entries(value).flatMap(([key, field]: [string, unknown]) => {
    const at = `${path}/${key}`;
    return typeof field === 'object' && field !== null ? [at, ...paths(field, at)] : [at];
  });
}
