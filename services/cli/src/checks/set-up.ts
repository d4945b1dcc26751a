import { spawnSync } from 'node:child_process';
import { readPlatformFile } from '@callweave/service';
import { stateDirOf } from '../operator.ts';
import { type Check, fine, wrong } from './check.ts';

const OLDEST_NODE = [20, 19] as const;

/** Node, programs, and whether a platform runs. */
const setUpChecks: readonly Check[] = [
  {
    name: 'node',
    run: () => {
      const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
      const isNewEnough = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
      const advice = `install Node ${OLDEST_NODE.join('.')} or newer`;
      return Promise.resolve(isNewEnough ? fine(process.versions.node) : wrong(process.versions.node, advice));
    },
  },
  program('nats-server', 'nats-server', 'CALLWEAVE_NATS_URL'),
  program('rtpengine', 'rtpengine-daemon', 'CALLWEAVE_RTPENGINE'),
  {
    name: 'platform',
    run: (command) => {
      const platform = readPlatformFile(stateDirOf(command));
      if (platform === undefined) return Promise.resolve(wrong(`none in ${stateDirOf(command)}`, 'npm start'));
      const dead = platform.processes.filter(({ pid }) => !isAlive(pid)).map(({ name }) => name);
      if (!isAlive(platform.pid)) return Promise.resolve(wrong('its supervisor is gone', 'npm start'));
      if (dead.length > 0)
        return Promise.resolve(wrong(`down: ${dead.join(', ')}`, 'see its log under the state directory'));
      return Promise.resolve(fine(`${String(platform.processes.length)} processes`));
    },
  },
];

export { setUpChecks };

/** A program may be missing where a server elsewhere is used instead. */
function program(name: string, debianPackage: string, variable: string): Check {
  return {
    name,
    run: () => {
      const found = [name, `/usr/sbin/${name}`].some((path) => spawnSync(path, ['--version']).error === undefined);
      const advice = `apt-get install ${debianPackage}, or set ${variable} to one that runs elsewhere`;
      return Promise.resolve(found ? fine('installed') : wrong('not installed', advice));
    },
  };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
