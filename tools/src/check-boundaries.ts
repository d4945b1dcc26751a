import { isBuiltin } from 'node:module';
import { posix } from 'node:path';
import { type Finding, runAsProgram } from './findings.ts';
import { type ImportRule, importRules, reservations } from './import-rules.ts';
import { importsOf } from './imports.ts';
import { readFiles, type SourceFile } from './repository.ts';

/** Every import in `files` that the import rules refuse. `manifests` are the package.json files of the workspaces. */
export function findBoundaryBreaks(files: readonly SourceFile[], manifests: readonly SourceFile[]): Finding[] {
  const packages = new Map(manifests.map((manifest) => [posix.dirname(manifest.path), readManifest(manifest)]));
  const placeOf = new Map([...packages].map(([place, { name }]) => [name, place]));
  return files.flatMap((file) => {
    const context = contextOf(file.path, packages, placeOf);
    if (context.rule === undefined && context.place !== '.') {
      return [{ path: file.path, line: 1, message: `${context.place} has no line in the import rules` }];
    }
    return importsOf(file.path, file.text).flatMap(({ specifier, line }) => {
      const message = refuse(specifier, context);
      return message === undefined ? [] : [{ path: file.path, line, message: `'${specifier}': ${message}` }];
    });
  });
}

interface Manifest {
  readonly name: string;
  readonly declared: ReadonlySet<string>;
}

interface Context {
  readonly path: string;
  /** The workspace the file belongs to, `libs/bus`; `.` for the root. */
  readonly place: string;
  readonly rule: ImportRule | undefined;
  /** Tests, long ones in `benchmarks/` too, and what a package exports for tests, may use the testing exports of others. */
  readonly isTesting: boolean;
  /** Packages the file's own or the root manifest declares. */
  readonly declared: ReadonlySet<string>;
  readonly placeOf: ReadonlyMap<string, string>;
}

function readManifest({ path, text }: SourceFile): Manifest {
  const json = JSON.parse(text) as { name: string } & Partial<Record<DependencyField, Record<string, string>>>;
  const declared = dependencyFields.flatMap((field) => Object.keys(json[field] ?? {}));
  return { name: path === 'package.json' ? '' : json.name, declared: new Set(declared) };
}

const dependencyFields = ['dependencies', 'devDependencies', 'peerDependencies', 'optionalDependencies'] as const;
type DependencyField = (typeof dependencyFields)[number];

function contextOf(
  path: string,
  packages: ReadonlyMap<string, Manifest>,
  placeOf: ReadonlyMap<string, string>,
): Context {
  let place = posix.dirname(path);
  while (place !== '.' && !packages.has(place)) place = posix.dirname(place);
  const isTesting =
    place === 'test' ||
    place === 'benchmarks' ||
    /\/(?:test|src\/testing)\//.test(path) ||
    /\/src\/testing\.ts$/.test(path);
  const root = packages.get('.')?.declared ?? [];
  const own = packages.get(place)?.declared ?? [];
  return {
    path,
    place,
    rule: importRules.find((rule) => matches(rule.place, place)),
    isTesting,
    // The root's packages are tools of development: only what never ships may lean on them.
    declared: new Set(isTesting || !/^(?:libs|services)\//.test(place) ? [...own, ...root] : own),
    placeOf,
  };
}

function refuse(specifier: string, context: Context): string | undefined {
  if (specifier.startsWith('.')) return refuseRelative(specifier, context);
  if (isBuiltin(specifier)) return refuseBuiltin(specifier, context);
  const name = packageName(specifier);
  const target = context.placeOf.get(name);
  if (target !== undefined) return refuseOurs(specifier, name, target, context);
  if (name.startsWith('@callweave/')) return 'there is no such package';
  return refuseOthers(name, context);
}

function refuseRelative(specifier: string, { path, place, isTesting }: Context): string | undefined {
  const target = posix.normalize(posix.join(posix.dirname(path), specifier));
  if (place !== '.' && !target.startsWith(`${place}/`)) return 'a relative import stays inside its package';
  if (!isTesting && target.startsWith(`${place}/test/`)) return 'sources do not import tests';
  if (!/\.(?:ts|mjs|json)$/.test(specifier)) return 'a relative import names the file with its ending, .ts';
  return undefined;
}

function refuseBuiltin(specifier: string, { rule, isTesting }: Context): string | undefined {
  if (!specifier.startsWith('node:')) return `Node's own modules are imported as node:${specifier}`;
  if (rule === undefined || isTesting || listed(rule.node, specifier)) return undefined;
  return `not for ${rule.place}: ${rule.because}`;
}

function refuseOurs(specifier: string, name: string, target: string, context: Context): string | undefined {
  const { place, rule, isTesting, declared } = context;
  const subpath = specifier.slice(name.length + 1);
  if (subpath !== '' && subpath !== 'testing') return "a package exports '.' and './testing', nothing deeper";
  if (subpath === 'testing' && !isTesting) return 'testing exports are for tests and other testing exports';
  if (place === target) return isTesting ? undefined : 'a package imports its own files by relative path';
  if (target.startsWith('services/')) return `nobody imports a service: ${target} is met on the bus`;
  if (rule === undefined || subpath === 'testing') return undefined;
  if (!listed(rule.ours, target.replace(/^libs\//, ''))) return `not for ${rule.place}: ${rule.because}`;
  return isTesting || declared.has(name) ? undefined : 'not declared in the package.json of this package';
}

function refuseOthers(name: string, { path, place, rule, isTesting, declared }: Context): string | undefined {
  const reserved = reservations.find((reservation) => matches(reservation.name, name));
  if (reserved !== undefined && reserved.owner !== place && reserved.except?.files.test(path) !== true) {
    return `only ${reserved.owner} imports ${reserved.name}`;
  }
  if (rule !== undefined && !isTesting && !listed(rule.others, name)) return `not for ${rule.place}: ${rule.because}`;
  return isTesting || declared.has(name) ? undefined : 'not declared in the package.json of this package';
}

function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function listed(patterns: readonly string[], value: string): boolean {
  return patterns.some((pattern) => matches(pattern, value));
}

function matches(pattern: string, value: string): boolean {
  return pattern.endsWith('*') ? value.startsWith(pattern.slice(0, -1)) : pattern === value;
}

runAsProgram(import.meta.url, () =>
  findBoundaryBreaks(
    readFiles((path) => /\.(?:ts|mts|mjs|js)$/.test(path) && !path.includes('/bin/')),
    readFiles((path) =>
      /^(?:(?:libs|services)\/[^/]+\/|(?:test|charts|benchmarks|examples|tools)\/)?package\.json$/.test(path),
    ),
  ),
);
