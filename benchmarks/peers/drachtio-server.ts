import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, type NamedProcess, tied, until } from '@callweave/test';
import { BareApp } from '../support/bare-app.ts';
import { end } from '../support/child-process.ts';

const HOST = '127.0.0.1';
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const READY_MS = 20_000;
/** It does not start without a file, and writes no call records unless told. */
const CONFIG = `<drachtio>
  <admin port="9022" secret="cymru">${HOST}</admin>
  <sip><contacts></contacts></sip>
  <logging><loglevel>notice</loglevel></logging>
</drachtio>
`;

export interface DrachtioServerOptions {
  /** The program of a site that has one, by a name that is found in the usual folders. */
  readonly program: string;
  /** `host:port` every call is sent to. */
  readonly callee: string;
}

/**
 * drachtio-server under an application that makes two calls of one with `createB2BUA` and does nothing else: no
 * registration, no routing, no media, no records. What a platform on drachtio-server pays before it does anything.
 */
export class DrachtioServerPeer {
  /** `host:port` it listens on. */
  readonly address: string;
  readonly #server: ChildProcess;
  readonly #directory: string;
  #app: BareApp | undefined;

  private constructor(address: string, server: ChildProcess, directory: string) {
    this.address = address;
    this.#server = server;
    this.#directory = directory;
  }

  static async start({ program, callee }: DrachtioServerOptions): Promise<DrachtioServerPeer> {
    const address = `${HOST}:${String(await freePort())}`;
    const controlPort = await freePort();
    const directory = mkdtempSync(join(tmpdir(), 'callweave-drachtio-server-'));
    const file = join(directory, 'drachtio.conf.xml');
    writeFileSync(file, CONFIG);
    const args = ['-f', file, '--address', HOST, '--port', String(controlPort), '--secret', 'cymru'];
    args.push('--contact', `sip:${address};transport=udp`, '--loglevel', 'notice', '--sofia-loglevel', '0');
    const server = spawn(...tied(program, args, 'TERM'), { stdio: 'ignore', env: { PATH } });
    const peer = new DrachtioServerPeer(address, server, directory);
    try {
      await until('drachtio-server listens', async () => server.exitCode !== null || takes(controlPort), READY_MS);
      if (server.exitCode !== null) throw new Error(`it ended with ${String(server.exitCode)}`);
      peer.#app = await BareApp.start('bridge', controlPort, callee);
    } catch (error) {
      await peer.stop();
      throw new Error(`${program} does not start`, { cause: error });
    }
    return peer;
  }

  /** The server and its application: both are paid for each call. */
  get processes(): NamedProcess[] {
    const named = [
      { name: 'drachtio-server', pid: this.#server.pid },
      { name: 'createB2BUA', pid: this.#app?.pid },
    ];
    return named.flatMap(({ name, pid }) => (pid === undefined ? [] : [{ name, pid }]));
  }

  async stop(): Promise<void> {
    await this.#app?.stop();
    await end(this.#server);
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** Whether somebody listens on a port. */
async function takes(port: number): Promise<boolean> {
  const socket = connect(port, HOST);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
