// Builds rtpengine's kernel module against Debian's headers with load-module, and loads it with load-module into
// Debian's kernel in a virtual machine, where allocate-table shares out its tables. Tells seconds and what was found.
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run, start } from '../images/run.ts';

/** Boot and loading under emulation, on a machine that is busy with other things. */
const GUEST_SEC = 300;
/** load-module's word for a kernel that refused the module: ours here has no modules, or is another one. */
const REFUSED = 74;
const packages = [
  'linux-headers-amd64',
  'qemu-system-x86',
  'busybox-static',
  'cpio',
  'kmod',
  'gcc',
  'make',
  'binutils',
];
const guestPrograms = [
  ...[
    'sh',
    'busybox',
    'cat',
    'cmp',
    'cp',
    'depmod',
    'dirname',
    'find',
    'flock',
    'grep',
    'head',
    'insmod',
    'make',
    'mkdir',
  ],
  ...['mktemp', 'modprobe', 'objcopy', 'rm', 'rmmod', 'sed', 'sort', 'tail', 'tee', 'touch', 'tr', 'uname', 'wc'],
];

const root = fileURLToPath(new URL('../..', import.meta.url));
const scripts = join(root, 'kernel-modules/rtpengine');
const directory = mkdtempSync(join(tmpdir(), 'callweave-kernel-'));
const guest = join(directory, 'guest');

try {
  console.error('packages');
  await run('apt-get', ['update', '-qq']);
  await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages]);
  const kernel = newestKernel();
  for (const name of [`linux-image-${kernel}`, 'rtpengine-kernel-dkms']) {
    await run('apt-get', ['download', '-qq', name], directory);
    const archive = readdirSync(directory).find((file) => file.startsWith(`${name}_`)) ?? '';
    await run('dpkg-deb', ['--extract', join(directory, archive), join(directory, name)]);
  }
  makeGuestRoot();
  const build = await buildModule(kernel);
  console.error(`built for ${kernel} in ${String(build.seconds)} s`);
  const found = await runGuest(kernel);
  const expected = {
    tableWithoutModule: '-1',
    load: '0',
    loadAgain: '0',
    loadAgainSays: '0',
    nextBoot: 'xt_RTPENGINE',
    tableOfA: '0',
    tableOfB: '1',
    tableOfAAgain: '0',
    tablesInKernel: '0,1,',
    releaseOfHeldTable: '1',
    heldBy: '1',
    tableOfC: '1',
    released: 'allocate-table:_released_table_1_of_b,_dead_for_15_minutes',
  };
  for (const [name, value] of Object.entries(expected)) {
    if (found[name] !== value) throw new Error(`${name} is ${String(found[name])}, expected ${value}`);
  }
  console.log(JSON.stringify({ build, guest: found }));
} finally {
  rmSync(directory, { recursive: true, force: true });
}

/** The kernel whose headers are installed. */
function newestKernel(): string {
  const names = readdirSync('/usr/src').flatMap((name) => /^linux-headers-(\d.*-amd64)$/.exec(name)?.[1] ?? []);
  const newest = names.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1);
  if (newest === undefined) throw new Error('no headers in /usr/src');
  return newest;
}

/** Debian's root: what is in /bin lies in /usr/bin, and so on. */
function makeGuestRoot(): void {
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    mkdirSync(join(guest, 'usr', name), { recursive: true });
    symlinkSync(`usr/${name}`, join(guest, name));
  }
}

/** load-module on a node that is this machine with another kernel: all but the last step. */
async function buildModule(kernel: string): Promise<{ kernel: string; seconds: number }> {
  const bin = join(directory, 'bin');
  const stub = (name: string, text: string): void => {
    writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(bin, name), 0o755);
  };
  mkdirSync(bin);
  stub('uname', `case $1 in -r) echo ${kernel} ;; *) exec /bin/uname "$@" ;; esac`);
  for (const name of ['modprobe', 'insmod']) stub(name, 'exit 1');
  stub('depmod', 'exit 0');
  const modules = join(guest, 'lib/modules');
  mkdirSync(join(modules, kernel), { recursive: true });
  symlinkSync(`/usr/src/linux-headers-${kernel}`, join(modules, kernel, 'build'));
  mkdirSync(join(directory, 'proc'));
  writeFileSync(join(directory, 'proc/modules'), '');

  const environment = [
    `PATH=${bin}:/usr/sbin:/usr/bin:/sbin:/bin`,
    `PROC_ROOT=${join(directory, 'proc')}`,
    `SYS_ROOT=${join(directory, 'sys')}`,
    `MODULES_ROOT=${modules}`,
    `SOURCE_ROOT=${join(directory, 'rtpengine-kernel-dkms/usr/src')}`,
  ];
  const startedAt = performance.now();
  const building = start('env', ['--ignore-environment', ...environment, join(scripts, 'load-module')]);
  const code = await building.exited;
  if (code !== REFUSED) throw new Error(`load-module ended with ${String(code)}: ${building.output()}`);
  rmSync(join(modules, kernel, 'build'));
  return { kernel, seconds: Math.round((performance.now() - startedAt) / 100) / 10 };
}

/** Boots Debian's kernel with the scripts and nothing else, and returns what they found. */
async function runGuest(kernel: string): Promise<Record<string, string | number>> {
  for (const name of guestPrograms) await copyProgram(name);
  for (const name of ['load-module', 'allocate-table']) {
    mkdirSync(join(guest, 'usr/local/bin'), { recursive: true });
    cpSync(join(scripts, name), join(guest, 'usr/local/bin', name));
  }
  for (const folder of ['proc', 'sys', 'dev', 'tmp', 'run', 'etc']) mkdirSync(join(guest, folder), { recursive: true });
  const image = join(directory, `linux-image-${kernel}`);
  const xTables = `lib/modules/${kernel}/kernel/net/netfilter/x_tables.ko`;
  mkdirSync(dirname(join(guest, xTables)), { recursive: true });
  cpSync(join(image, xTables), join(guest, xTables));
  for (const list of ['modules.builtin', 'modules.order']) {
    cpSync(join(image, 'lib/modules', kernel, list), join(guest, 'lib/modules', kernel, list));
  }
  // The sources stay away: what is wanted is told by their directory, and must not be built here.
  for (const name of readdirSync(join(directory, 'rtpengine-kernel-dkms/usr/src'))) {
    mkdirSync(join(guest, 'usr/src', name), { recursive: true });
  }
  await run('depmod', ['--basedir', guest, kernel]);
  cpSync(join(root, 'benchmarks/kernel-module/guest-init'), join(guest, 'init'));
  chmodSync(join(guest, 'init'), 0o755);
  const initrd = join(directory, 'initrd.gz');
  await run('sh', ['-c', `find . | cpio --quiet -o -H newc | gzip -1 >'${initrd}'`], guest);

  const machine = ['-machine', 'q35,accel=tcg', '-cpu', 'max', '-m', '512', '-nographic', '-no-reboot', '-nic', 'none'];
  const boot = ['-kernel', join(image, `boot/vmlinuz-${kernel}`), '-initrd', initrd];
  const startedAt = performance.now();
  const qemu = [...machine, ...boot, '-append', 'console=ttyS0 quiet panic=-1'];
  const vm = start('timeout', [String(GUEST_SEC), 'qemu-system-x86_64', ...qemu]);
  const code = await vm.exited;
  const output = vm.output();
  if (code !== 0) throw new Error(`the virtual machine ended with ${String(code)}: ${output.slice(-3_000)}`);
  const found = [...output.matchAll(/^FOUND (\w+) (.*?)\r?$/gm)].map(
    ([, name = '', value = '']) => [name, value] as const,
  );
  if (found.length === 0) throw new Error(`the virtual machine found nothing: ${output.slice(-3_000)}`);
  return { ...Object.fromEntries(found), seconds: Math.round((performance.now() - startedAt) / 1_000) };
}

/** A program of this machine with its libraries, at the same place. */
async function copyProgram(name: string): Promise<void> {
  const path = await run('sh', ['-c', `PATH=/usr/sbin:/usr/bin:/sbin:/bin command -v ${name}`]);
  const libraries = await run('sh', ['-c', `ldd "${path}" 2>/dev/null | grep -o '/[^ ]*' || true`]);
  for (const file of [path, ...libraries.split('\n').filter((line) => line !== '')]) {
    mkdirSync(join(guest, dirname(file)), { recursive: true });
    copyFileSync(file, join(guest, file));
  }
}
