import { readFileSync } from 'node:fs';

/** One line of a recording. */
export interface Entry {
  /** Seconds since the start. */
  readonly t: number;
  readonly dir: 'app>server' | 'server>app' | 'sip-in' | 'sip-out' | 'note';
  readonly data: string;
  /** Which connection of an application. */
  readonly conn?: string;
  /** Which peer, as `address:port`. */
  readonly peer?: string;
}

/** What drachtio-server, applications and peers said to each other, in order. */
export function readRecording(name: string): readonly Entry[] {
  const text = readFileSync(new URL(`transcripts/${name}.jsonl`, import.meta.url), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Entry);
}
