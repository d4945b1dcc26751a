import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, tied, until } from '@callweave/test';
import { end } from '../support/child-process.ts';

const HOST = '127.0.0.1';
const CONFIG = fileURLToPath(new URL('kamailio.cfg', import.meta.url));
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin';
const READY_MS = 20_000;

export interface KamailioOptions {
  /** `host:port` every call is sent to. */
  readonly callee: string;
  /** Of every user. */
  readonly password: string;
  /** Whether callers have to prove who they are. */
  readonly challenge: boolean;
}

/** Debian's Kamailio with two UDP workers, as the peer that our cost is measured against. */
export class KamailioPeer {
  /** `host:port` it listens on. */
  readonly address: string;
  readonly #child: ChildProcess;
  readonly #directory: string;

  private constructor(address: string, child: ChildProcess, directory: string) {
    this.address = address;
    this.#child = child;
    this.#directory = directory;
  }

  /** Starts it and waits until it answers. */
  static async start({ callee, password, challenge }: KamailioOptions): Promise<KamailioPeer> {
    const address = `${HOST}:${String(await freePort())}`;
    const directory = mkdtempSync(join(tmpdir(), 'callweave-kamailio-'));
    const defines = [`LISTEN=udp:${address}`, `CALLEE="sip:${callee}"`, `PASSWORD="${password}"`];
    if (challenge) defines.push('CHALLENGE');
    const args = ['-f', CONFIG, '-Y', directory, '-w', directory, '-DD', '-E', '-m', '256', '-M', '16'];
    for (const define of defines) args.push('-A', define);
    const child = spawn(...tied('kamailio', args, 'TERM'), { stdio: ['ignore', 'ignore', 'pipe'], env: { PATH } });
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => (errors = `${errors}${chunk.toString('utf8')}`.slice(-4_000)));
    const peer = new KamailioPeer(address, child, directory);
    try {
      await until('Kamailio answers', async () => child.exitCode !== null || (await answers(address)), READY_MS);
      if (child.exitCode !== null) throw new Error('Kamailio ended');
    } catch (error) {
      await peer.stop();
      throw new Error(`Kamailio does not start: ${errors}`, { cause: error });
    }
    return peer;
  }

  /** Its main process and its workers. */
  get processes(): { readonly name: string; readonly pid: number }[] {
    const main = this.#child.pid;
    if (main === undefined) return [];
    const children = readFileSync(`/proc/${String(main)}/task/${String(main)}/children`, 'latin1')
      .trim()
      .split(' ');
    return [main, ...children.map(Number)].map((pid) => ({ name: 'kamailio', pid }));
  }

  async stop(): Promise<void> {
    await end(this.#child);
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** Whether a REGISTER is answered there; it has no credentials, so the answer is 401. */
async function answers(address: string): Promise<boolean> {
  const [host = '', port = ''] = address.split(':');
  const socket = createSocket('udp4');
  socket.on('error', () => undefined);
  try {
    const answered = once(socket, 'message', { signal: AbortSignal.timeout(200) });
    const lines = [
      `REGISTER sip:${address} SIP/2.0`,
      `Via: SIP/2.0/UDP ${HOST};rport;branch=z9hG4bKready`,
      'Max-Forwards: 70',
      'From: <sip:ready@localhost>;tag=1',
      'To: <sip:ready@localhost>',
      'Call-ID: ready',
      'CSeq: 1 REGISTER',
      'Content-Length: 0',
    ];
    socket.send(`${lines.join('\r\n')}\r\n\r\n`, Number(port), host);
    await answered;
    return true;
  } catch (error) {
    if (error instanceof Error && error.name === 'AbortError') return false;
    throw error;
  } finally {
    socket.close();
  }
}
