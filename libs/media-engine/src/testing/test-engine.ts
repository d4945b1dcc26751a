import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, systemClock } from '@callweave/clock';
import { serializeWav } from '@callweave/rtp';
import { recordLogs, type RecordingLogger } from '@callweave/telemetry/testing';
import { type MediaEngine, startMediaEngine } from '../engine.ts';
import { type MediaEngineOptions } from '../options.ts';

export interface TestEngineOptions {
  /** Sounds by name. */
  readonly sounds?: Readonly<Record<string, Int16Array>>;
  readonly clock?: Clock;
  readonly peers?: readonly string[];
  readonly limits?: MediaEngineOptions['limits'];
  readonly eslPort?: number;
  readonly rtp?: Pick<MediaEngineOptions['rtp'], 'minPort' | 'maxPort'>;
}

/** A media engine on free ports of the loopback, with its sounds in a directory of its own. */
export interface TestEngine extends MediaEngine {
  readonly password: string;
  readonly soundsDir: string;
  readonly log: RecordingLogger;
}

/** Starts one; `stop` removes its directory too. */
export async function startTestEngine(options: TestEngineOptions = {}): Promise<TestEngine> {
  const { sounds = {}, clock = systemClock, peers = ['127.0.0.0/8'], limits, eslPort = 0, rtp } = options;
  const soundsDir = mkdtempSync(join(tmpdir(), 'callweave-sounds-'));
  for (const [name, samples] of Object.entries(sounds)) {
    writeFileSync(join(soundsDir, name), serializeWav({ sampleRate: 8_000, samples }));
  }
  const log = recordLogs();
  const password = 'open sesame';
  const engine = await startMediaEngine(
    {
      esl: { address: '127.0.0.1', port: eslPort, password },
      sip: { address: '127.0.0.1', port: 0 },
      rtp: { address: '127.0.0.1', ...(rtp ?? { minPort: 0, maxPort: 0 }) },
      ...{ soundsDir, peers, limits },
    },
    { clock, log },
  );
  return {
    ...{ password, soundsDir, log },
    eslPort: engine.eslPort,
    sipAddress: engine.sipAddress,
    stats: () => engine.stats(),
    drain: () => engine.drain(),
    stop: async () => {
      await engine.stop();
      rmSync(soundsDir, { recursive: true, force: true });
    },
  };
}
