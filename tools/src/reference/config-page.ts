import { type z } from 'zod';
import { code, page, table } from './markdown.ts';
import { type JsonSchema, jsonSchema } from './schema.ts';

/** One setting as `config.ts` declares it. */
export interface Setting {
  readonly variable: string;
  readonly schema: z.ZodType;
}

/** The settings of one process. */
export interface ProcessSettings {
  readonly process: string;
  readonly settings: readonly Setting[];
}

/** docs/reference/config.md: every environment variable, process by process. */
export function configPage(common: readonly Setting[], processes: readonly ProcessSettings[]): string {
  return page(
    'Settings',
    'Environment variables, read once at start. An empty variable counts as unset. All problems are reported at once ' +
      'and the process exits 78.',
    `## Every process\n\n${settingsTable(common)}`,
    ...processes.map(({ process, settings }) => `## ${process}\n\n${settingsTable(settings)}`),
  );
}

/** The settings among the exports of a module: every table all of whose values are settings. */
export function settingsIn(exported: Readonly<Record<string, unknown>>): Setting[] {
  return Object.values(exported).flatMap((value) => {
    if (typeof value !== 'object' || value === null) return [];
    const entries: unknown[] = Object.values(value);
    return entries.length > 0 && entries.every(isSetting) ? entries : [];
  });
}

function isSetting(value: unknown): value is Setting {
  return typeof value === 'object' && value !== null && 'variable' in value && 'schema' in value;
}

function settingsTable(settings: readonly Setting[]): string {
  if (settings.length === 0) return 'None of its own.';
  const rows = [...settings]
    .sort((a, b) => (a.variable < b.variable ? -1 : 1))
    .map(({ variable, schema }) => {
      const json = jsonSchema(schema);
      return [code(variable), typeText(schema, json), defaultText(schema, json), json.description ?? '–'];
    });
  return table(['Variable', 'Type', 'Default', 'What it sets'], rows);
}

function typeText(schema: z.ZodType, json: JsonSchema): string {
  if (isSecret(schema)) return 'secret';
  if (json.enum !== undefined) return json.enum.map((value) => code(String(value))).join(' | ');
  const type = typeof json.type === 'string' ? json.type : 'text';
  const { minimum, maximum } = json;
  const range = [
    typeof minimum === 'number' && minimum > Number.MIN_SAFE_INTEGER ? `from ${minimum}` : '',
    typeof maximum === 'number' && maximum < Number.MAX_SAFE_INTEGER ? `to ${maximum}` : '',
  ].filter((part) => part !== '');
  return [type === 'string' ? 'text' : type, ...range].join(' ');
}

function defaultText(schema: z.ZodType, json: JsonSchema): string {
  const fallback = json.default;
  if (typeof fallback === 'string') return fallback === '' ? 'empty' : code(fallback);
  if (fallback !== undefined) return code(JSON.stringify(fallback));
  return schema.safeParse(undefined).success ? 'unset' : 'required';
}

/** A secret prints as nothing but this. */
function isSecret(schema: z.ZodType): boolean {
  const { data } = schema.safeParse('x');
  return typeof data === 'object' && data !== null && JSON.stringify(data) === '"[secret]"';
}
