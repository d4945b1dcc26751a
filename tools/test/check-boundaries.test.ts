import { describe, expect, test } from 'vitest';
import { findBoundaryBreaks } from '../src/check-boundaries.ts';
import { formatFinding } from '../src/findings.ts';

const manifests = [
  manifest('', 'callweave', ['vitest', 'typescript']),
  manifest('libs/bus/', '@callweave/bus', ['nats', '@callweave/contracts', '@callweave/clock', 'zod']),
  manifest('libs/clock/', '@callweave/clock', []),
  manifest('libs/contracts/', '@callweave/contracts', ['zod']),
  manifest('libs/sip/', '@callweave/sip', []),
  manifest('libs/sip-engine/', '@callweave/sip-engine', ['@callweave/sip']),
  manifest('services/registrar/', '@callweave/registrar', ['@callweave/bus', 'zod']),
  manifest('services/cli/', '@callweave/cli', ['@callweave/bus', 'commander']),
  manifest('libs/extra/', '@callweave/extra', []),
  manifest('test/', '@callweave/test', []),
];

describe('check-boundaries', () => {
  test('a library imports only from a lower row, and the finding names file, line and rule', () => {
    expect(
      breaks('libs/contracts/src/call.ts', "import 'zod';\nimport { connectBus } from '@callweave/bus';\n"),
    ).toEqual([
      "libs/contracts/src/call.ts:2 '@callweave/bus': not for libs/contracts: contracts are values: no I/O, no SIP",
    ]);
    expect(breaks('libs/bus/src/connect.ts', "import { Aor } from '@callweave/contracts';")).toEqual([]);
    expect(breaks('libs/bus/src/connect.ts', "import { parseUri } from '@callweave/sip';")).toHaveLength(1);
  });

  test.each([
    ['a re-export', "export { connect } from 'nats';"],
    ['a type', "import { type NatsConnection } from 'nats';"],
    ['a dynamic import', "const nats = await import('nats');"],
    ['an import type', "let connection: import('nats').NatsConnection;"],
    ['a require', "const nats = require('nats');"],
  ])('nobody but libs/bus imports nats, not even as %s', (_, text) => {
    expect(breaks('services/registrar/src/service.ts', text)).toEqual([
      "services/registrar/src/service.ts:1 'nats': only libs/bus imports nats",
    ]);
    expect(breaks('libs/bus/test/connect.service.test.ts', text)).toEqual([]);
  });

  test('drachtio-srf is for libs/srf and for the service tests of the SIP engine alone', () => {
    const text = "import Srf from 'drachtio-srf';";
    expect(breaks('libs/sip-engine/test/register.service.test.ts', text)).toEqual([]);
    expect(breaks('libs/sip-engine/test/register.test.ts', text)).toHaveLength(1);
    expect(breaks('libs/sip-engine/src/engine.ts', text)).toHaveLength(1);
  });

  test('no service imports another, be it by name or by path', () => {
    expect(breaks('services/cli/src/main.ts', "import { start } from '@callweave/registrar';")).toHaveLength(1);
    expect(breaks('services/cli/src/main.ts', "import { start } from '../../registrar/src/service.ts';")).toEqual([
      "services/cli/src/main.ts:1 '../../registrar/src/service.ts': a relative import stays inside its package",
    ]);
  });

  test('a package is entered by its root or by ./testing, nothing deeper', () => {
    expect(breaks('services/cli/src/main.ts', "import { connect } from '@callweave/bus/src/connect.ts';")).toEqual([
      "services/cli/src/main.ts:1 '@callweave/bus/src/connect.ts': a package exports '.' and './testing', nothing deeper",
    ]);
  });

  test('testing exports are for tests and for other testing exports', () => {
    const text = "import { FakeClock } from '@callweave/clock/testing';";
    expect(breaks('libs/bus/src/connect.ts', text)).toHaveLength(1);
    expect(breaks('libs/bus/src/testing.ts', text)).toEqual([]);
    expect(breaks('libs/bus/test/connect.test.ts', text)).toEqual([]);
    expect(breaks('test/e2e/register.e2e.test.ts', text)).toEqual([]);
  });

  test('the pure libraries do not reach for sockets, files or timers', () => {
    expect(breaks('libs/sip/src/digest.ts', "import { createHash } from 'node:crypto';")).toEqual([]);
    expect(breaks('libs/sip/src/digest.ts', "import { createSocket } from 'node:dgram';")).toHaveLength(1);
    expect(breaks('libs/sip/test/torture.test.ts', "import { readFileSync } from 'node:fs';")).toEqual([]);
    expect(breaks('libs/bus/src/connect.ts', "import { readFileSync } from 'fs';")).toHaveLength(1);
  });

  test('sources import what their own package declares, tests may lean on the root', () => {
    expect(breaks('services/registrar/src/main.ts', "import { Command } from 'commander';")).toHaveLength(1);
    expect(breaks('services/cli/src/main.ts', "import { Command } from 'commander';")).toEqual([]);
    expect(breaks('services/cli/src/main.ts', "import { test } from 'vitest';")).toHaveLength(1);
    expect(breaks('services/cli/test/main.test.ts', "import { test } from 'vitest';")).toEqual([]);
  });

  test('a library that the import rules do not know is refused', () => {
    expect(breaks('libs/extra/src/index.ts', '')).toEqual([
      'libs/extra/src/index.ts:1 libs/extra has no line in the import rules',
    ]);
  });

  test('text that only looks like an import is left alone', () => {
    expect(breaks('libs/sip/src/uri.ts', "// import 'nats'\nconst text = \"import 'nats'\";")).toEqual([]);
  });
});

function breaks(path: string, text: string): string[] {
  return findBoundaryBreaks([{ path, text }], manifests).map(formatFinding);
}

function manifest(folder: string, name: string, dependencies: string[]): { path: string; text: string } {
  const entries = Object.fromEntries(dependencies.map((dependency) => [dependency, '*']));
  return { path: `${folder}package.json`, text: JSON.stringify({ name, dependencies: entries }) };
}
