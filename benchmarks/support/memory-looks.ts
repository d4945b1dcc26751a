import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { z } from 'zod';

const PROBE = pathToFileURL(fileURLToPath(new URL('memory-probe.mjs', import.meta.url)));

/** Bytes after a full garbage collection. */
const Memory = z.object({ rss: z.number(), heapUsed: z.number(), arrayBuffers: z.number() });
export type Memory = z.infer<typeof Memory>;

/** Looks into the memory of every Node.js process of a platform. */
export interface MemoryLooks {
  /** What the platform is started with. */
  readonly settings: Readonly<Record<string, string>>;
  /** Collects the garbage of a process and tells what is left. */
  look(pid: number): Promise<Memory>;
  /** Has a process write all that is in its heap to a file. */
  snapshot(pid: number, file: string): Promise<void>;
  close(): void;
}

/** Makes the place where processes can be asked. */
export function openMemoryLooks(): MemoryLooks {
  const folder = mkdtempSync(join(tmpdir(), 'callweave-memory-'));
  const probe = new URL(PROBE);
  probe.searchParams.set('folder', folder);
  const ask = (pid: number, question: string): Promise<string> => askAt(join(folder, String(pid)), question);
  return {
    settings: { NODE_OPTIONS: `--import ${probe.href}` },
    look: async (pid) => Memory.parse(JSON.parse(await ask(pid, 'memory'))),
    snapshot: async (pid, file) => {
      await ask(pid, file);
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function askAt(socket: string, question: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const asking = connect(socket, () => asking.write(question));
    asking.on('data', (text: Buffer) => (answer += text.toString()));
    asking.on('error', reject);
    asking.on('end', () => resolve(answer));
  });
}
