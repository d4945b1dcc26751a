import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { execPath } from 'node:process';
import { fileURLToPath } from 'node:url';
import { tied } from '@callweave/test';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PROGRAM = fileURLToPath(new URL('../peers/connected-phones.ts', import.meta.url));

/** Addresses of one process; the engine admits so many connections from each. */
const ADDRESSES = 10;

/** What `benchmarks/peers/connected-phones.ts` is asked to do; it answers with how many of its phones did it. */
export type PhonesOrder =
  | {
      readonly kind: 'connect';
      readonly transport: 'tls' | 'wss';
      readonly host: string;
      readonly port: number;
      readonly count: number;
      /** Where the phones are, in turn. */
      readonly addresses: readonly string[];
    }
  | { readonly kind: 'options' | 'close' }
  | { readonly kind: 'keep-alive'; readonly overMs: number };

/** Phones in processes of their own. */
export interface ConnectedPhones {
  /** Connects so many and asks each an OPTIONS; how many were answered. */
  connect(transport: 'tls' | 'wss', target: string, count: number): Promise<number>;
  /** An OPTIONS over every connection; how many were answered. */
  options(): Promise<number>;
  /** A keep-alive over every connection within that time; how many were answered. */
  keepAlives(overMs: number): Promise<number>;
  /** Ends all connections without a farewell. */
  close(): Promise<number>;
  stop(): void;
}

/** Starts so many processes of phones, whose OPTIONS name `userAgent`. */
export async function startConnectedPhones(processes: number, userAgent: string): Promise<ConnectedPhones> {
  const children = Array.from({ length: processes }, () => start(userAgent));
  await Promise.all(children.map((child) => once(child, 'message')));
  const tellAll = async (orderOf: (index: number) => PhonesOrder): Promise<number> => {
    const counts = await Promise.all(children.map((child, index) => tell(child, orderOf(index))));
    return counts.reduce((sum, count) => sum + count, 0);
  };
  return {
    connect: (transport, target, count) => {
      const colon = target.lastIndexOf(':');
      const [host, port] = [target.slice(0, colon), Number(target.slice(colon + 1))];
      return tellAll((index) => {
        const share = Math.floor(count / processes) + (index < count % processes ? 1 : 0);
        const addresses = Array.from({ length: ADDRESSES }, (_, n) => `127.0.${String(index + 1)}.${String(n + 1)}`);
        return { kind: 'connect', transport, host, port, count: share, addresses };
      });
    },
    options: () => tellAll(() => ({ kind: 'options' })),
    keepAlives: (overMs) => tellAll(() => ({ kind: 'keep-alive', overMs })),
    close: () => tellAll(() => ({ kind: 'close' })),
    stop: () => {
      for (const child of children) child.kill('SIGKILL');
    },
  };
}

function start(userAgent: string): ChildProcess {
  const args = ['--conditions=@callweave/source', '--import', 'tsx', PROGRAM, userAgent];
  return spawn(...tied(execPath, args), { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
}

async function tell(child: ChildProcess, order: PhonesOrder): Promise<number> {
  child.send(order);
  const [reply] = (await once(child, 'message')) as [{ readonly count?: number; readonly problem?: string }];
  if (reply.count === undefined) throw new Error(`phones: ${reply.problem ?? 'no answer'}`);
  return reply.count;
}
