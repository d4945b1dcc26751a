import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';

const path = new URL('../../compose.yaml', import.meta.url);

const Text = z.union([z.string(), z.number()]).transform(String);
const Conditions = z.record(z.string(), z.object({ condition: z.string() }));

const Service = z.object({
  image: z.string(),
  build: z
    .object({ dockerfile: z.string().default('Dockerfile'), args: z.record(z.string(), z.string()).default({}) })
    .optional(),
  command: z.array(Text).default([]),
  environment: z.record(z.string(), Text).default({}),
  volumes: z.array(z.string()).default([]),
  depends_on: Conditions.default({}),
  network_mode: z.string(),
  user: z.string().optional(),
  read_only: z.boolean().default(false),
  cap_drop: z.array(z.string()).default([]),
  security_opt: z.array(z.string()).default([]),
  profiles: z.array(z.string()).default([]),
  restart: z.string().optional(),
  healthcheck: z.object({ test: z.array(z.string()).optional() }).default({}),
});

/** A container of compose.yaml, its anchors resolved. */
export type ComposeService = z.infer<typeof Service>;

const File = z.object({
  name: z.string(),
  services: z.record(z.string(), Service),
  volumes: z.record(z.string(), z.null()),
});

/** compose.yaml as Docker reads it, before variables are filled in. */
export function composeFile(): z.infer<typeof File> {
  return File.parse(parse(readFileSync(path, 'utf8'), { merge: true }));
}

/** Name of the service whose image it runs: `registrar` of `callweave/registrar:…`. */
export function imageName({ image }: ComposeService): string | undefined {
  return /^callweave\/([\w-]+):/.exec(image)?.[1];
}

/** Fills in `${NAME}`, `${NAME:-default}` and `${NAME:?reason}`, and turns `$$` into `$`. */
export function interpolate(text: string, values: Readonly<Record<string, string>> = {}): string {
  const fill = (
    whole: string,
    name: string | undefined,
    kind: string | undefined,
    rest: string | undefined,
  ): string => {
    if (name === undefined) return whole.slice(1);
    const value = values[name] ?? '';
    if (value !== '') return value;
    if (kind === '?') throw new Error(`${name} ${rest ?? ''}`);
    return rest ?? '';
  };
  return text.replace(/\$\$|\$\{(\w+)(?::([-?])([^}]*))?\}/g, fill);
}

/** Variables without which compose refuses to start. */
export function requiredVariables(): string[] {
  return [...new Set([...readFileSync(path, 'utf8').matchAll(/\$\{(\w+):\?/g)].map(([, name = '']) => name))].sort();
}
