import { defineBucket, defineEvent, defineRequest, defineStream, type ServiceProfile } from '@callweave/contracts';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { asyncApi } from '../src/reference/asyncapi.ts';
import { configPage, settingsIn } from '../src/reference/config-page.ts';
import { collectContracts } from '../src/reference/contracts.ts';
import { metricsIn, metricsPage } from '../src/reference/metrics-page.ts';
import { subjectsPage } from '../src/reference/subjects-page.ts';

const rang = defineEvent('callweave.bell.v1.{tenant}.rang', {
  summary: 'A bell | rang.',
  data: z.object({ tenant: z.string(), loud: z.boolean().optional() }),
});
const ring = defineRequest('callweave.rpc.bell.ring', {
  service: 'bell',
  summary: 'Ring.',
  request: z.object({ times: z.number().int() }),
  response: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('rung'), times: z.number() }),
    z.object({ kind: z.literal('cracked') }),
  ]),
});
const bells = defineBucket('bells', { summary: 'Bells.', pattern: '{tenant}', value: z.object({ pitch: z.number() }) });
const rings = defineStream('BELLS', { summary: 'Rings.', events: [rang], maxAgeSec: 3600, maxMessages: 10 });
const contracts = collectContracts({ rang, ring, bells, rings, unrelated: 1, all: [bells] });
const profile: ServiceProfile = {
  name: 'bell',
  serves: [ring],
  asks: [],
  publishes: [rang],
  consumes: [{ event: rang, durable: 'bell-echo' }],
  reads: [],
  writes: [bells],
};

describe('the generated reference', () => {
  test('lists every request, event, stream and bucket with who speaks and what it carries', () => {
    const text = subjectsPage(contracts, [profile, { ...profile, name: 'rope', serves: [], asks: [ring] }]);
    expect(text).toContain('| `callweave.rpc.bell.ring` | Ring. | bell | rope | `times` | `rung: times; cracked` |');
    expect(text).toContain(
      '| `callweave.bell.v1.{tenant}.rang` | A bell \\| rang. | bell, rope | bell, rope | `BELLS` | `tenant, loud?` |',
    );
    expect(text).toContain('| `BELLS` | Rings. | `callweave.bell.v1.*.rang` | 1 h | 10 |');
    expect(text).toContain('| `bells` | Bells. | `{tenant}` | – | bell, rope | never | `pitch` |');
  });

  test('the AsyncAPI document resolves every reference inside itself', () => {
    const document = asyncApi(contracts, '1.2.3');
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map((match) => match[1] ?? '');
    expect(references.length).toBeGreaterThan(10);
    const dangling = references.filter((reference) => resolve(document, reference) === undefined);
    expect(dangling).toEqual([]);
    expect(resolve(document, 'channels/rang/parameters/tenant')).toEqual({ description: 'tenant, escaped' });
    expect(resolve(document, 'components/schemas/rangData/required')).toEqual(['tenant']);
    expect(resolve(document, 'operations/rang/action')).toBe('send');
    expect(resolve(document, 'operations/ring/action')).toBe('receive');
  });

  test('a setting shows type, range and default, and a secret shows nothing', () => {
    class Secret {
      toJSON(): string {
        return '[secret]';
      }
    }
    const settings = settingsIn({
      config: {
        limit: {
          variable: 'BELL_LIMIT',
          schema: z.coerce.number().int().min(1).max(9).default(3).describe('How many.'),
        },
        tone: { variable: 'BELL_TONE', schema: z.enum(['low', 'high']).optional() },
        key: { variable: 'BELL_KEY', schema: z.string().transform(() => new Secret()) },
      },
      other: { a: 1 },
    });
    const text = configPage(settings, [{ process: 'bell', settings: [] }]);
    expect(text).toContain('| `BELL_LIMIT` | integer from 1 to 9 | `3` | How many. |');
    expect(text).toContain('| `BELL_TONE` | `low` \\| `high` | unset | – |');
    expect(text).toContain('| `BELL_KEY` | secret | required | – |');
    expect(text).toContain('## bell\n\nNone of its own.');
  });

  test('a metric is listed once, however it is exported', () => {
    const rung = { name: 'bell_rung', kind: 'counter', help: 'Rings.', unit: '1', labels: ['tone'] };
    const metrics = metricsIn({ rung, bellMetrics: { rung }, count: () => 1 });
    const text = metricsPage([
      { package: 'libs/bell', metrics },
      { package: 'libs/none', metrics: [] },
    ]);
    expect(text.match(/bell_rung/g)).toHaveLength(1);
    expect(text).toContain('| `bell_rung` | counter | 1 | `tone` | Rings. |');
    expect(text).not.toContain('libs/none');
  });
});

function resolve(document: unknown, reference: string): unknown {
  return reference
    .split('/')
    .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], document);
}
