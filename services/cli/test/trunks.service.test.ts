import { beforeAll, describe, expect, test } from 'vitest';
import { operatorCli } from './operator-cli.ts';

const callweave = operatorCli();

const trunks = (...args: string[]) => callweave('trunks', ...args);

beforeAll(async () => {
  const set = await trunks('set', 'carrier', '--networks', '198.51.100.0/24, 2001:db8::/32');
  expect(set).toEqual({ code: 0, stdout: 'carrier: 198.51.100.0/24, 2001:db8::/32\n', stderr: '' });
});

describe('callweave trunks', () => {
  test('sets, changes, lists and removes them', async () => {
    await trunks('set', 'pbx', '--networks', '203.0.113.9/32');
    await trunks('set', 'pbx', '--networks', '203.0.113.10/32');
    const { stdout } = await trunks('list');
    expect(stdout).toMatch(/carrier .* default .* 198\.51\.100\.0\/24, 2001:db8::\/32/);
    expect(stdout).toMatch(/pbx .* default .* 203\.0\.113\.10\/32/);
    expect(stdout).not.toContain('203.0.113.9/');
    expect(await trunks('remove', 'pbx')).toMatchObject({ code: 0, stdout: 'pbx is no trunk any more\n' });
    expect((await trunks('list')).stdout).not.toContain('pbx');
    expect(await trunks('set', 'other', '--networks', '203.0.113.10/32')).toMatchObject({ code: 0 });
  });

  test.each([
    [
      'a network that is another trunk, however it is written',
      ['set', 'x', '--networks', '198.51.100.9/24'],
      'is trunk carrier',
    ],
    ['what is no network', ['set', 'x', '--networks', '198.51.100.0/24,here'], 'expected a network'],
    ['a network that is half the Internet', ['set', 'x', '--networks', '198.51.100.0/2'], 'wider than /16'],
    ['a name that is no token of a subject', ['set', 'X.Y', '--networks', '192.0.2.0/24'], 'lower case letters'],
    ['a tenant nobody has', ['set', 'x', '--networks', '192.0.2.0/24', '--tenant', 'acme'], 'there is no tenant acme'],
    ['to remove what is not there', ['remove', 'nobody'], 'there is no trunk nobody'],
  ])('refuses %s, exit 1', async (_what, args, why) => {
    const { code, stderr } = await trunks(...args);
    expect([code, stderr]).toEqual([1, expect.stringContaining(why)]);
  });
});
