import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pcmu } from '@callweave/rtp';
import { samplesOf, toneWav } from './tone.ts';

/** A file with a tone that SIPp can play, for as long as `use` takes. */
export async function withTone(hz: number, use: (file: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'callweave-tone-'));
  const file = join(directory, 'tone.ulaw');
  writeFileSync(file, pcmu.encode(samplesOf(toneWav(hz))));
  try {
    await use(file);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
