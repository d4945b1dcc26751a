import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { sleep, systemClock } from '@callweave/clock';
import { ignore, type Logger } from '@callweave/telemetry';
import { recordLogs } from '@callweave/telemetry/testing';
import { NgError } from '../errors.ts';
import { NgClient } from '../ng-client.ts';
import { NgCommands } from '../ng-commands.ts';

/** A real rtpengine of the test's own, in user space, on loopback. */
export interface Rtpengine {
  /** `host:port` of its ng port. */
  readonly address: string;
  /** A client of its own, to look at the node without the code under test. */
  readonly ng: NgCommands;
  /** Stops its threads, as a node that hangs, and waits until they stand; `thaw` lets them go on. */
  freeze(): Promise<void>;
  thaw(): void;
  /** Sends it a signal, and waits for nothing. */
  signal(signal: NodeJS.Signals): void;
  /** Takes no more calls from now on, and goes on with those it has, as one that is about to be ended. */
  refuse(): Promise<void>;
  /** Ends the process without a chance to tidy up, or as `signal` asks, and waits until it is gone. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same ports; it knows no calls then. */
  restart(): Promise<void>;
  /** Ends it for good and gives its ports back. */
  stop(): Promise<void>;
}

/** Below the ports the operating system hands out by itself. */
const FIRST_PORT = 10_000;
const LAST_PORT = 29_600;
/** Ports of one node: a call of two legs takes four. */
const PORTS = 400;

const HOST = '127.0.0.1';
const START_MS = 10_000;

/** Starts rtpengine on free ports and waits until it answers; it relays between `hosts`, each an address of this machine. */
export async function startRtpengine(hosts: readonly string[] = [HOST]): Promise<Rtpengine> {
  const log = recordLogs();
  const range = await claimRange();
  const address = `${HOST}:${String(range.port)}`;
  const client = new NgClient({ address, clock: systemClock, log });
  const ng = new NgCommands(client);

  const start = (): Promise<ChildProcess> => launch(hosts, range, ng, log);
  let child = await start();
  const kill = async (signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  };
  return {
    address,
    ng,
    freeze: async () => {
      child.kill('SIGSTOP');
      while (!isStopped(child)) await sleep(systemClock, 1);
    },
    thaw: () => child.kill('SIGCONT'),
    signal: (signal) => child.kill(signal),
    refuse: async () => {
      const answer = await fetch(`http://${address}/cli/set/maxsessions/0`);
      if (!answer.ok) throw new Error(`rtpengine: ${String(answer.status)}`);
    },
    kill,
    restart: async () => {
      await kill();
      child = await start();
    },
    stop: async () => {
      client.close();
      await kill();
      range.claim.close();
    },
  };
}

/** Ports that one node has as long as it is claimed. */
interface PortRange {
  /** Of its control, by UDP and by HTTP. */
  readonly port: number;
  /** Of its media. */
  readonly first: number;
  readonly last: number;
  readonly claim: Socket;
}

async function launch(
  hosts: readonly string[],
  { port, first, last }: PortRange,
  ng: NgCommands,
  log: Logger,
): Promise<ChildProcess> {
  const args = [
    // The package's own configuration would open ports of its choice besides.
    ['--config-file=none', '--foreground', '--log-stderr', '--log-level=4', '--table=-1', '--num-threads=2'],
    [...hosts.map((host) => `--interface=${host}`), `--listen-ng=${HOST}:${String(port)}`],
    [`--listen-http=${HOST}:${String(port)}`],
    [`--port-min=${String(first)}`, `--port-max=${String(last)}`],
  ].flat();
  const child = spawn('rtpengine', args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: '/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin:/bin' },
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-4_000)));
  const died = Promise.race([once(child, 'exit'), once(child, 'error')]).then(([reason]) => {
    throw new Error(`rtpengine ended (${String(reason)}): ${said}`);
  });
  died.catch((error: unknown) => ignore(log, error, 'it may end as soon as it has started'));
  await Promise.race([died, answering(ng, log)]);
  return child;
}

async function answering(ng: NgCommands, log: Logger): Promise<void> {
  const end = systemClock.monotonicMs() + START_MS;
  for (;;) {
    try {
      await ng.ping(500);
      return;
    } catch (error) {
      if (!(error instanceof NgError) || systemClock.monotonicMs() > end) throw error;
      ignore(log, error, 'not up yet');
    }
    await sleep(systemClock, 20);
  }
}

/** Whether every thread of a process stands still; proc(5), the third field of `stat`. */
function isStopped(child: ChildProcess): boolean {
  const tasks = `/proc/${String(child.pid)}/task`;
  return readdirSync(tasks).every((task) => / T \d/.test(readFileSync(`${tasks}/${task}/stat`, 'latin1')));
}

/** A range of ports nobody else who asks here has: its first port is held as long as the range is in use. */
async function claimRange(): Promise<PortRange> {
  for (let port = FIRST_PORT; port + PORTS <= LAST_PORT; port += PORTS) {
    const claim = createSocket('udp4');
    const isFree = await new Promise<boolean>((resolve) => {
      claim.once('error', () => resolve(false));
      claim.bind({ address: HOST, port, exclusive: true }, () => resolve(true));
    });
    if (isFree) return { port: port + 1, first: port + 2, last: port + PORTS - 1, claim: claim.unref() };
    claim.close();
  }
  throw new Error('no free range of ports');
}
