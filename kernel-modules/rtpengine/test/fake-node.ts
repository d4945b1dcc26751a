import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** How a run of a script ended. */
export interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A script that goes on running. */
export interface Running {
  readonly stderr: () => string;
  /** Asks it to stop and tells its exit code. */
  readonly stop: () => Promise<number | null>;
}

const KERNEL = '6.1.0-56-amd64';
const folder = fileURLToPath(new URL('..', import.meta.url));

/** Programs that the scripts call, made up: they act on the fake node's directories alone. */
const programs: Readonly<Record<string, string>> = {
  uname: 'case $1 in -r) cat "$NODE/kernel" ;; -m) cat "$NODE/machine" ;; esac',
  depmod: 'echo "depmod $*" >>"$NODE/calls"',
  make: `echo make >>"$NODE/calls"
    [ ! -e "$NODE/build-breaks" ] || { echo 'xt_RTPENGINE.c:1: error: made up' >&2; exit 2; }
    for word; do case $word in M=*) work=\${word#M=} ;; RTPENGINE_VERSION=*) version=\${word#*=} ;; esac; done
    printf 'version %s\\nbuilt %s\\n' "$version" "$(grep -c make "$NODE/calls")" >"$work/xt_RTPENGINE.ko"`,
  modprobe: `echo modprobe >>"$NODE/calls"
    [ ! -e "$NODE/refuses" ] || exit 1
    file=$MODULES_ROOT/$(cat "$NODE/kernel")/extra/xt_RTPENGINE.ko
    mkdir -p "$SYS_ROOT/module/xt_RTPENGINE/notes" "$PROC_ROOT/rtpengine"
    echo 0 >"$SYS_ROOT/module/xt_RTPENGINE/refcnt"
    tail -n 1 "$file" >"$SYS_ROOT/module/xt_RTPENGINE/notes/.note.gnu.build-id"
    [ -e "$NODE/no-control" ] || : >"$PROC_ROOT/rtpengine/control"`,
  insmod: 'exit 1',
  rmmod: 'echo rmmod >>"$NODE/calls"; rm -r "$SYS_ROOT/module/xt_RTPENGINE" "$PROC_ROOT/rtpengine"',
  objcopy: 'tail -n 1 "$4" >"$5"',
  // The kernel's side of /proc/rtpengine/control: mkdir is as atomic as its table lock.
  tee: `read -r verb id
    table=$PROC_ROOT/rtpengine/$id
    case $verb in
      add) mkdir "$table" && echo 'Control PID: 0' >"$table/status" ;;
      del) [ -d "$table" ] && grep -q ': 0$' "$table/status" && rm -r "$table" ;;
    esac`,
};

/** A node that is only a directory: its /proc, /sys, /lib/modules and the programs that would change it. */
export class FakeNode implements Disposable {
  readonly root = mkdtempSync(join(tmpdir(), 'callweave-node-'));

  constructor() {
    for (const [name, text] of Object.entries(programs)) this.write(`bin/${name}`, `#!/bin/sh\n${text}\n`, 0o755);
    this.write('kernel', `${KERNEL}\n`);
    this.write('machine', 'x86_64\n');
    this.write('proc/modules', '');
    this.write('src/rtpengine-10.5.3.5/xt_RTPENGINE.c', '');
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  write(path: string, text = '', mode = 0o644): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    writeFileSync(join(this.root, path), text, { mode });
  }

  remove(path: string): void {
    rmSync(join(this.root, path), { recursive: true, force: true });
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), 'utf8');
  }

  has(path: string): boolean {
    return existsSync(join(this.root, path));
  }

  /** Names in a directory, none when it is missing. */
  list(path: string): string[] {
    return this.has(path) ? readdirSync(join(this.root, path)).sort() : [];
  }

  /** What the scripts asked the fake programs for, in order. */
  get calls(): string[] {
    return this.has('calls') ? this.read('calls').trim().split('\n') : [];
  }

  /** The headers of this node's kernel. */
  installHeaders(): void {
    this.write(`modules/${KERNEL}/build/Makefile`);
  }

  /** A module as another build, or another version, left it. */
  installModule(version: string, build: string): void {
    this.write(`modules/${KERNEL}/extra/xt_RTPENGINE.ko`, `version ${version}\nbuilt ${build}\n`);
  }

  /** The module in the kernel, with as many users. */
  loadModule(build: string, users = 0): void {
    this.write('sys/module/xt_RTPENGINE/refcnt', `${String(users)}\n`);
    this.write('sys/module/xt_RTPENGINE/notes/.note.gnu.build-id', `built ${build}\n`);
    this.write('proc/rtpengine/control');
  }

  run(script: string, ...args: string[]): Promise<Run> {
    return new Promise((resolve) => {
      execFile(join(folder, script), args, { env: this.#environment() }, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        resolve({ code, stdout, stderr });
      });
    });
  }

  start(script: string, ...args: string[]): Running {
    const child = spawn(join(folder, script), args, {
      env: this.#environment(),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    return {
      stderr: () => stderr,
      stop: () => {
        child.kill('SIGTERM');
        return ended;
      },
    };
  }

  #environment(): Record<string, string> {
    const at = (path: string): string => join(this.root, path);
    return {
      // The system's own directories only: what the fake programs themselves call.
      PATH: `${at('bin')}:/usr/sbin:/usr/bin:/sbin:/bin`,
      NODE: this.root,
      PROC_ROOT: at('proc'),
      SYS_ROOT: at('sys'),
      MODULES_ROOT: at('modules'),
      MODULES_LOAD_DIR: at('modules-load.d'),
      SOURCE_ROOT: at('src'),
      READY_FILE: at('run/ready'),
      LOCK_DIR: at('run/tables'),
      INTERVAL_SEC: '0.05',
      GRACE_MIN: '15',
    };
  }
}
