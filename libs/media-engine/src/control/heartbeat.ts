import { cpus, loadavg } from 'node:os';
import { ENGINE_NAME } from '../options.ts';
import { type Happening } from './event-source.ts';

/** How busy the server is. */
export interface Load {
  readonly upMs: number;
  readonly sessions: number;
  readonly maxSessions: number;
}

/** Sessions a second that clients are told we take; nothing enforces it. */
const SESSIONS_PER_SEC = 100;

/** The sign of life, with the figures clients choose a server by. */
export function heartbeat({ upMs, sessions, maxSessions }: Load): Happening {
  const busy = Math.min(1, (loadavg()[0] ?? 0) / cpus().length);
  return {
    name: 'HEARTBEAT',
    headers: Object.entries({
      'Event-Info': 'System Ready',
      'FreeSWITCH-Version': ENGINE_NAME,
      'Uptime-msec': String(Math.floor(upMs)),
      'Session-Count': String(sessions),
      'Max-Sessions': String(maxSessions),
      'Session-Per-Sec': String(SESSIONS_PER_SEC),
      'Idle-CPU': (100 * (1 - busy)).toFixed(6),
    }),
  };
}
