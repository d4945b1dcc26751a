import { mkdirSync } from 'node:fs';
import { type Environment } from '@callweave/service';
import { type PortFinder } from './free-ports.ts';
import { type Probe } from './health-watch.ts';
import { httpProbe, natsProbe, ngProbe } from './probes.ts';
import { type ProcessSpec } from './process-table.ts';
import { type Command, hasSetpriv, serverPath, spawnChild } from './spawn-child.ts';
import { type StateDir } from './state-dir.ts';
import { type Launch } from './supervised-process.ts';

/** Health and metrics stay on the machine. */
const HTTP_HOST = '127.0.0.1';
/** Services finish their work within the time a stop may take as a whole. */
const DRAIN_SEC = '2';
/** Young objects get twice the room that Node gives them: what belongs to a call in progress is then seldom copied. */
const NODE_ARGS = ['--max-semi-space-size=32'];

export interface LauncherDeps {
  readonly environment: Environment;
  readonly finder: PortFinder;
  readonly stateDir: StateDir;
  readonly logLevel: string;
}

/** Prepares one start of a process: a free health port, its command, how to probe it. */
export type Launcher = (spec: ProcessSpec) => Promise<Launch>;

/** Makes the launcher of one platform. */
export function createLauncher({ environment, finder, stateDir, logLevel }: LauncherDeps): Launcher {
  const path = serverPath(environment);
  const isTied = hasSetpriv(path);
  return async (spec) => {
    // A fresh port each time: nobody mistakes the process before for the one now.
    const httpPort = spec.health.kind === 'http' ? await finder.find(HTTP_HOST) : undefined;
    const env: Environment = {
      ...environment,
      PATH: path,
      CALLWEAVE_LOG_LEVEL: logLevel,
      CALLWEAVE_HTTP_HOST: HTTP_HOST,
      CALLWEAVE_HTTP_PORT: String(httpPort ?? 0),
      CALLWEAVE_DRAIN_SEC: DRAIN_SEC,
      ...spec.env,
    };
    const args = spec.args(httpPort ?? 0);
    const logFile = stateDir.log(spec.name);
    const command: Command =
      'entry' in spec.program
        ? { program: process.execPath, args: [...NODE_ARGS, spec.program.entry, ...args], env, isNode: true, logFile }
        : { program: spec.program.command, args, env, isNode: false, logFile };
    const ownDir = spec.env['CALLWEAVE_STATE_DIR'];
    if (ownDir !== undefined) mkdirSync(ownDir, { recursive: true, mode: 0o700 });
    return {
      httpPort,
      probe: probeOf(spec, httpPort ?? 0),
      spawn: (exited) => spawnChild(command, isTied, exited),
    };
  };
}

function probeOf({ health }: ProcessSpec, httpPort: number): Probe {
  switch (health.kind) {
    case 'http':
      return httpProbe(HTTP_HOST, httpPort);
    case 'nats':
      return natsProbe(health.host, health.port);
    case 'ng':
      return ngProbe(health.host, health.port);
  }
}
