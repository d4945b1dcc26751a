import { readFileSync } from 'node:fs';
import { limitNames } from '@callweave/sip-engine/testing';
import { defaultLimits, defaultOverload } from '@callweave/sip-engine';
import { expect, test } from 'vitest';

const at = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
const document = at('docs/engine-limits.md');

test('each limit of the engine is described, with its default', () => {
  const described = [...document.matchAll(/^\| `([a-z-]+)` +\|/gm)].map(([, name]) => name);
  expect(described.filter((name) => name !== 'limit').sort()).toEqual([...limitNames].sort());
  const row = (name: string): string => new RegExp(`^\\| \`${name}\` .*$`, 'm').exec(document)?.[0] ?? '';
  const thousands = (value: number): string => value.toLocaleString('en-US');
  const { maxTransactions, maxDialogs, maxConnections, maxConnectionsPerAddress, maxApps } = defaultLimits;
  const { messageMs, maxQueuedBytes, maxBufferedBytes } = defaultLimits;
  const mebibytes = (bytes: number): string => `${bytes / 1024 ** 2} MiB`;
  expect(row('delay')).toContain(`| ${defaultOverload.maxDelayMs} ms `);
  expect(row('unanswered')).toContain(`| ${thousands(defaultOverload.maxUnanswered)} each `);
  expect(row('transactions')).toContain(`| ${thousands(maxTransactions)} `);
  expect(row('dialogs')).toContain(`| ${thousands(maxDialogs)} `);
  expect(row('connections')).toContain(`| ${thousands(maxConnections)} `);
  expect(row('connections-of-address')).toContain(`| ${thousands(maxConnectionsPerAddress)} `);
  expect(row('apps')).toContain(`| ${thousands(maxApps)} `);
  expect(row('unfinished-message')).toContain(`| ${messageMs / 1_000} s `);
  expect(row('unread')).toContain(`| ${mebibytes(maxQueuedBytes)} `);
  expect(row('buffered')).toContain(`| ${mebibytes(maxBufferedBytes)} `);
});

test('each collection that is said to be bounded is there', () => {
  const rows = [...document.matchAll(/^\| `([a-z/-]+\.ts)` (.*?) \|/gm)];
  expect(rows.length).toBeGreaterThan(10);
  for (const [, file = '', names = ''] of rows) {
    const source = at(`libs/sip-engine/src/${file}`);
    for (const [, name = ''] of names.matchAll(/`(#?\w+)`/g)) expect(source, `${file} ${name}`).toContain(name);
  }
});
