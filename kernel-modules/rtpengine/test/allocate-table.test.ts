import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { FakeNode } from './fake-node.ts';

// Each test starts shells; a busy machine may be slow at that.
vi.setConfig({ testTimeout: 60_000 });

const MINUTE_MS = 60_000;

/** A node whose kernel has the module. */
function nodeWithModule(): FakeNode {
  const node = new FakeNode();
  node.loadModule('now');
  return node;
}

function setDaemon(node: FakeNode, table: number, pid: number): void {
  node.write(`proc/rtpengine/${String(table)}/status`, `Refcount:    1\nControl PID: ${String(pid)}\n`);
}

/** The table has been without a daemon for as long. */
function backdate(node: FakeNode, table: number, minutes: number): void {
  const then = new Date(Date.now() - minutes * MINUTE_MS);
  utimesSync(join(node.root, `run/tables/${String(table)}.idle`), then, then);
}

function tables(node: FakeNode): string[] {
  return node.list('proc/rtpengine').filter((name) => name !== 'control');
}

test('each owner gets a table of its own, and the same one when it asks again', async () => {
  using node = nodeWithModule();
  expect(await node.run('allocate-table', '--owner=a')).toEqual({ code: 0, stdout: '0\n', stderr: '' });
  expect(await node.run('allocate-table', '--owner=b')).toMatchObject({ stdout: '1\n' });
  expect(await node.run('allocate-table', '--owner', 'a')).toMatchObject({ stdout: '0\n' });
  expect(tables(node)).toEqual(['0', '1']);
});

test('a table somebody else made in the kernel is left alone', async () => {
  using node = nodeWithModule();
  setDaemon(node, 0, 4_711);
  expect(await node.run('allocate-table', '--owner=a')).toMatchObject({ stdout: '1\n' });
});

test('sixteen containers that start at once get sixteen tables', async () => {
  using node = nodeWithModule();
  const owners = Array.from({ length: 16 }, (_, index) => `pod-${String(index)}`);
  const runs = await Promise.all(owners.map((owner) => node.run('allocate-table', `--owner=${owner}`)));
  const ids = runs.map(({ stdout }) => Number(stdout)).sort((a, b) => a - b);
  expect(ids).toEqual(owners.map((_, index) => index));
});

test('the table of a container that is dead for longer than a restart takes is released', async () => {
  using node = nodeWithModule();
  await node.run('allocate-table', '--owner=dead');
  expect(await node.run('allocate-table', '--owner=first')).toMatchObject({ stdout: '1\n' });
  backdate(node, 0, 16);
  const { stdout, stderr } = await node.run('allocate-table', '--owner=second');
  expect(stderr).toContain('released table 0 of dead');
  expect(stdout).toBe('0\n');
});

test('a container that only restarts keeps its table, however long it ran before', async () => {
  using node = nodeWithModule();
  await node.run('allocate-table', '--owner=a');
  // Seen before its daemon started, while it ran, and between its death and its restart.
  expect(await node.run('allocate-table', '--owner=b')).toMatchObject({ stdout: '1\n' });
  backdate(node, 0, 10_000);
  setDaemon(node, 0, 4_711);
  expect(await node.run('allocate-table', '--owner=c')).toMatchObject({ stdout: '2\n' });
  setDaemon(node, 0, 0);
  expect(await node.run('allocate-table', '--owner=d')).toMatchObject({ stdout: '3\n' });
  expect(await node.run('allocate-table', '--owner=a')).toMatchObject({ stdout: '0\n' });
});

test('a table whose daemon lives is never released, whatever the records say', async () => {
  using node = nodeWithModule();
  await node.run('allocate-table', '--owner=a');
  await node.run('allocate-table', '--owner=b');
  backdate(node, 0, 10_000);
  setDaemon(node, 0, 4_711);
  expect(await node.run('allocate-table', '--owner=c')).toMatchObject({ stdout: '2\n' });
  expect(tables(node)).toEqual(['0', '1', '2']);
});

test('after a reboot an owner gets its table again, made anew', async () => {
  using node = nodeWithModule();
  await node.run('allocate-table', '--owner=a');
  await node.run('allocate-table', '--owner=b');
  node.remove('proc/rtpengine/0');
  node.remove('proc/rtpengine/1');
  expect(await node.run('allocate-table', '--owner=b')).toMatchObject({ stdout: '1\n' });
});

interface Refusal {
  readonly what: string;
  readonly prepare: (node: FakeNode) => void;
  readonly says: string;
}

const refusals: readonly Refusal[] = [
  { what: 'without the module', prepare: (node) => node.remove('proc/rtpengine'), says: 'xt_RTPENGINE is not loaded' },
  {
    what: 'with all 64 tables taken',
    prepare: (node) => {
      for (let table = 0; table < 64; table += 1) setDaemon(node, table, 4_711);
    },
    says: 'all 64 tables of this host are taken',
  },
  {
    what: 'without a directory for the lock',
    prepare: (node) => node.write('run/tables', 'a file where the directory should be'),
    says: 'cannot be written',
  },
];

test.each(refusals)(
  '$what the answer is -1 and a loud reason; a failure where a table is required',
  async (refusal) => {
    using node = nodeWithModule();
    refusal.prepare(node);
    const { code, stdout, stderr } = await node.run('allocate-table', '--owner=a');
    expect({ code, stdout }).toEqual({ code: 0, stdout: '-1\n' });
    expect(stderr).toContain('NO KERNEL FORWARDING FOR THIS RTPENGINE');
    expect(stderr).toContain(refusal.says);
    expect(await node.run('allocate-table', '--owner=a', '--require')).toMatchObject({ code: 69, stdout: '' });
  },
);

test.each([[[]], [['--owner']], [['--owner=']], [['--owner=a', '--force']]])(
  '%j is wrong usage: exit 64',
  async (args) => {
    using node = nodeWithModule();
    expect(await node.run('allocate-table', ...args)).toMatchObject({ code: 64, stdout: '' });
    expect(tables(node)).toEqual([]);
  },
);
