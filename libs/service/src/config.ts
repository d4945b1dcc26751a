import { z } from 'zod';

/** A value that does not print, serialise or interpolate; `reveal` is the one way to it. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }
}

/** A setting whose value must never be printed. */
export const secret = z
  .string()
  .min(1)
  .transform((value) => new Secret(value));

/** Whole seconds, at least one. */
export const seconds = z.coerce.number().int().min(1).max(31_536_000);

/** A TCP or UDP port; 0 lets the operating system choose. */
export const port = z.coerce.number().int().min(0).max(65_535);

/** `host:port`. */
export const hostPort = z
  .string()
  .regex(/^(\[[0-9a-fA-F:.]+\]|[^:\s]+):\d{1,5}$/, 'expected host:port')
  .refine((text) => Number(text.slice(text.lastIndexOf(':') + 1)) <= 65_535, 'port above 65535');

/** `host:port`, several separated by commas, each once. */
export const hostPorts = z
  .string()
  .transform((text) => [...new Set(text.split(',').map((part) => part.trim()))])
  .pipe(z.array(hostPort).min(1).max(256));

/** Networks as `10.0.0.0/8,fd00::/8`. */
export const networkList = z
  .string()
  .transform((text) => text.split(',').map((network) => network.trim()))
  .pipe(
    z
      .array(z.union([z.cidrv4(), z.cidrv6()], 'expected networks such as 10.0.0.0/8'))
      .min(1)
      .max(64),
  );

/** `nats://[user:password@]host:port`, several separated by commas; special characters of a password escaped (%40). */
export const natsServers = z
  .string()
  .regex(/^(nats|tls):\/\/[^\s,]+(,(nats|tls):\/\/[^\s,]+)*$/, {
    error: 'expected nats://host:port, several separated by commas',
    abort: true,
  })
  .refine(
    (text) => text.split(',').every(isNatsServer),
    'a user or password with special characters must escape them (%40 for @)',
  );

/** Whether this is a URL with a host, and nothing behind it; a stray @, / or % of a password makes it something else. */
function isNatsServer(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { username, password, pathname, search, hash, host } = new URL(text);
  if (host === '' || search !== '' || hash !== '' || !['', '/'].includes(pathname)) return false;
  return [username, password].every(isEscaped);
}

function isEscaped(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch (error) {
    if (error instanceof URIError) return false;
    throw error;
  }
}

/** One setting: the environment variable it comes from and what it must look like. */
export interface Setting<S extends z.ZodType = z.ZodType> {
  readonly variable: string;
  readonly schema: S;
}

/** Settings of a process by the name the code knows them by. */
export type ConfigTable = Readonly<Record<string, Setting>>;

/** What `loadConfig` returns for a table. */
export type ConfigOf<T extends ConfigTable> = { readonly [K in keyof T]: z.output<T[K]['schema']> };

/** A setting read from the environment variable `variable`. */
export function env<S extends z.ZodType>(variable: string, schema: S): Setting<S> {
  return { variable, schema };
}

/** Declares the settings of a process; the reference page is generated from the same table. */
export function defineConfig<const T extends ConfigTable>(table: T): T {
  return table;
}

/** Everything that is wrong with the configuration, all at once. */
export class ConfigError extends Error {
  readonly code = 'CONFIG';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`configuration: ${String(problems.length)} problem(s)`);
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads and checks all settings of `table`; an empty variable counts as unset. Throws `ConfigError`. */
export function loadConfig<T extends ConfigTable>(table: T, environment: Environment): ConfigOf<T> {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, { variable, schema }] of Object.entries(table)) {
    const raw = environment[variable];
    const result = schema.safeParse(raw === '' ? undefined : raw);
    if (result.success) values[name] = result.data;
    else problems.push(`${variable}: ${describe(raw, result.error)}`);
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return values as ConfigOf<T>;
}

/** The same from the environment of this process. */
export function loadProcessConfig<T extends ConfigTable>(table: T): ConfigOf<T> {
  return loadConfig(table, process.env);
}

function describe(raw: string | undefined, error: z.ZodError): string {
  if (raw === undefined || raw === '') return 'is required';
  return error.issues.map((issue) => issue.message).join('; ');
}
