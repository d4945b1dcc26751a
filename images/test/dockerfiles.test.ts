import { DockerfileParser, type Instruction, type JSONInstruction } from 'dockerfile-ast';
import { validate, ValidationSeverity } from 'dockerfile-utils';
import { describe, expect, test, vi } from 'vitest';
import { files, read, services } from './repository.ts';

vi.setConfig({ testTimeout: 60_000 });

const dockerfiles = files('Dockerfile', '**/Dockerfile');
const SHARED = 'Dockerfile';
/** Loading a module into the kernel is root's work. */
const asRoot: ReadonlySet<string> = new Set(['kernel-modules/rtpengine/Dockerfile']);

function instructions(path: string): Instruction[] {
  return DockerfileParser.parse(read(path)).getInstructions();
}

/** Of the last stage alone: what the image is. */
function finalStage(path: string): Instruction[] {
  const all = instructions(path);
  return all.slice(all.findLastIndex((instruction) => instruction.getKeyword() === 'FROM'));
}

function argumentsOf(list: readonly Instruction[], keyword: string): string[] {
  return list
    .filter((instruction) => instruction.getKeyword() === keyword)
    .map((instruction) => instruction.getArgumentsContent() ?? '');
}

/** Values of `ARG NAME=value`. */
function defaults(path: string): ReadonlyMap<string, string> {
  const pairs = argumentsOf(instructions(path), 'ARG').map((text) => text.split('=') as [string, string?]);
  return new Map(pairs.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

describe.each(dockerfiles)('%s', (path) => {
  test('is what a Dockerfile may be', () => {
    const problems = validate(read(path), { deprecatedMaintainer: ValidationSeverity.ERROR });
    expect(problems.map(({ message, range }) => [range.start.line + 1, message])).toEqual([]);
  });

  test('starts from images of one pinned version', () => {
    const known = defaults(path);
    const stages = argumentsOf(instructions(path), 'FROM').flatMap((text) => text.split(' AS ')[1] ?? []);
    for (const from of argumentsOf(instructions(path), 'FROM')) {
      const image = (from.split(' AS ')[0] ?? '').replace(/\$\{(\w+)\}/g, (_, name: string) => known.get(name) ?? '');
      if (!stages.includes(image)) expect(image).toMatch(/^docker\.io\/library\/(?:node|debian):\d+\.\d+[\w.-]*-slim$/);
    }
  });

  test('says who made it, runs as nobody, is told to stop politely, and tells whether it lives', () => {
    const stage = finalStage(path);
    expect(argumentsOf(stage, 'USER')).toEqual([asRoot.has(path) ? '0:0' : '10001:10001']);
    expect(argumentsOf(stage, 'STOPSIGNAL')).toEqual(['SIGTERM']);
    expect(argumentsOf(stage, 'HEALTHCHECK')).toHaveLength(1);
    const label = argumentsOf(stage, 'LABEL').join(' ');
    for (const name of ['title', 'description', 'licenses', 'version', 'revision', 'base.name']) {
      expect(label).toContain(`org.opencontainers.image.${name}=`);
    }
  });

  test('starts its process without a shell between it and its signals', () => {
    const entry = finalStage(path).find((instruction) => instruction.getKeyword() === 'ENTRYPOINT');
    expect((entry as JSONInstruction | undefined)?.getOpeningBracket()).not.toBeNull();
  });

  // What begins with a slash comes from another stage.
  test('copies what is there', () => {
    for (const copy of argumentsOf(instructions(path), 'COPY')) {
      for (const source of copy.split(' ').slice(0, -1))
        if (source !== '.' && !source.startsWith('/')) expect(files(source)).not.toEqual(['']);
    }
  });
});

test('the daemon and the module are of the same version', () => {
  const daemon = defaults('images/rtpengine/Dockerfile').get('RTPENGINE');
  expect(daemon).toMatch(/^10\./);
  expect(defaults('kernel-modules/rtpengine/Dockerfile').get('RTPENGINE')).toBe(daemon);
  expect(read('kernel-modules/rtpengine/README.md')).toContain(daemon?.split('-')[0]);
});

test('every service starts as its image starts it', () => {
  expect(argumentsOf(finalStage(SHARED), 'ENTRYPOINT')).toEqual([
    '["node", "--max-semi-space-size=32", "dist/main.js"]',
  ]);
  for (const service of services()) expect(files(`services/${service}/src/main.ts`)).not.toEqual(['']);
});

test('no builder is given secrets, state or what was built elsewhere', () => {
  const rules = read('.dockerignore')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  expect(rules[0]).toBe('*');
  expect(rules).toEqual(expect.arrayContaining(['**/node_modules', '**/dist', '**/.env*']));
});
