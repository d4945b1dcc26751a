import { expect, test, vi } from 'vitest';
import { FakeNode } from './fake-node.ts';

// Each test starts shells; a busy machine may be slow at that.
vi.setConfig({ testTimeout: 60_000 });

const MODULE = 'modules/6.1.0-56-amd64/extra/xt_RTPENGINE.ko';
const WAIT = { timeout: 20_000, interval: 20 };

test('a node with headers gets the module built, loaded and listed for the next boot', async () => {
  using node = new FakeNode();
  node.installHeaders();
  const { code, stderr } = await node.run('load-module');
  expect(stderr).toContain('is loaded into kernel 6.1.0-56-amd64');
  expect(code).toBe(0);
  expect(node.calls).toEqual(['make', 'depmod 6.1.0-56-amd64', 'modprobe']);
  expect(node.has('proc/rtpengine/control')).toBe(true);
  expect(node.read('modules-load.d/callweave-rtpengine.conf')).toBe('xt_RTPENGINE\n');
});

test('a second run changes nothing', async () => {
  using node = new FakeNode();
  node.installHeaders();
  await node.run('load-module');
  const before = node.calls;
  expect(await node.run('load-module')).toEqual({ code: 0, stdout: '', stderr: '' });
  expect(node.calls).toEqual(before);
});

test('a module that lies ready for this kernel needs neither headers nor compiler', async () => {
  using node = new FakeNode();
  node.installModule('10.5.3.5', 'elsewhere');
  expect(await node.run('load-module')).toMatchObject({ code: 0 });
  expect(node.calls).toEqual(['modprobe']);
});

test('a module of another version is built anew and takes the place of the one that is loaded and unused', async () => {
  using node = new FakeNode();
  node.installHeaders();
  node.installModule('9.5.4', 'long ago');
  node.loadModule('long ago');
  expect(await node.run('load-module')).toMatchObject({ code: 0 });
  expect(node.calls).toEqual(['make', 'depmod 6.1.0-56-amd64', 'rmmod', 'modprobe']);
  expect(node.read(MODULE)).toContain('version 10.5.3.5');
});

test('a module of another build is not torn from under running calls: exit 75', async () => {
  using node = new FakeNode();
  node.installModule('10.5.3.5', 'now');
  node.loadModule('long ago', 3);
  const { code, stderr } = await node.run('load-module');
  expect(stderr).toContain('in use (3 references)');
  expect(code).toBe(75);
  expect(node.calls).toEqual([]);
});

interface Trouble {
  readonly what: string;
  readonly prepare: (node: FakeNode) => void;
  readonly code: number;
  readonly says: string;
}

const troubles: readonly Trouble[] = [
  {
    what: 'a machine of another kind',
    prepare: (node) => node.write('machine', 'riscv64\n'),
    code: 71,
    says: 'riscv64',
  },
  {
    what: 'a kernel that is too old',
    prepare: (node) => node.write('kernel', '4.9.0-19-amd64\n'),
    code: 71,
    says: 'older than 4.19',
  },
  {
    what: 'a kernel without modules',
    prepare: (node) => node.remove('proc/modules'),
    code: 71,
    says: 'without loadable modules',
  },
  {
    what: 'neither module nor headers',
    prepare: () => undefined,
    code: 72,
    says: 'install linux-headers-6.1.0-56-amd64',
  },
  {
    what: 'neither module nor sources',
    prepare: (node) => {
      node.installHeaders();
      node.remove('src/rtpengine-10.5.3.5');
    },
    code: 72,
    says: 'rtpengine-kernel-dkms',
  },
  {
    what: 'a build that fails',
    prepare: (node) => {
      node.installHeaders();
      node.write('build-breaks');
    },
    code: 73,
    says: 'xt_RTPENGINE.c:1: error: made up',
  },
  {
    what: 'a kernel that refuses the module',
    prepare: (node) => {
      node.installModule('10.5.3.5', 'unsigned');
      node.write('refuses');
    },
    code: 74,
    says: 'secure boot',
  },
  {
    what: 'a module that leaves no control file',
    prepare: (node) => {
      node.installModule('10.5.3.5', 'odd');
      node.write('no-control');
    },
    code: 76,
    says: 'rtpengine/control is not there',
  },
];

test.each(troubles)('$what: exit $code, told loudly and with what to do', async ({ prepare, code, says }) => {
  using node = new FakeNode();
  prepare(node);
  const run = await node.run('load-module');
  expect(run.code).toBe(code);
  expect(run.stderr).toContain('NO KERNEL FORWARDING ON THIS NODE');
  expect(run.stderr).toContain('rtpengine goes on in user space');
  expect(run.stderr).toContain(says);
});

test('a module whose list for the next boot cannot be written is loaded all the same', async () => {
  using node = new FakeNode();
  node.installModule('10.5.3.5', 'now');
  node.write('modules-load.d', 'a file where the directory should be');
  const { code, stderr } = await node.run('load-module');
  expect(stderr).toContain('cannot be written; after a reboot');
  expect(code).toBe(0);
});

test('an argument nobody knows is refused: exit 64', async () => {
  using node = new FakeNode();
  expect(await node.run('load-module', '--force')).toMatchObject({ code: 64 });
});

test('watching, a module that vanishes is brought back, and readiness tells of each change', async () => {
  using node = new FakeNode();
  const watch = node.start('load-module', '--watch');
  try {
    await vi.waitFor(() => expect(watch.stderr()).toContain('install linux-headers'), WAIT);
    expect(node.has('run/ready')).toBe(false);
    node.installModule('10.5.3.5', 'now');
    await vi.waitFor(() => expect(node.has('run/ready')).toBe(true), WAIT);
    node.write('refuses');
    node.remove('sys/module');
    await vi.waitFor(() => expect(node.has('run/ready')).toBe(false), WAIT);
    node.remove('refuses');
    await vi.waitFor(() => expect(node.has('run/ready')).toBe(true), WAIT);
  } finally {
    expect(await watch.stop()).toBe(0);
  }
  expect(node.has('run/ready')).toBe(false);
  expect(node.has('sys/module/xt_RTPENGINE')).toBe(true);
});
