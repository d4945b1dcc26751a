import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Makes one call with SIPp; resolves with what went wrong, nothing when it went as the scenario says. */
export async function sippCall(options: {
  readonly scenario: 'caller-hangs-up' | 'application-hangs-up';
  readonly remote: string;
  readonly action: string;
  readonly rtpPort: number;
}): Promise<string> {
  const { scenario, remote, action, rtpPort } = options;
  const file = fileURLToPath(new URL(`scenarios/${scenario}.xml`, import.meta.url));
  const cwd = mkdtempSync(join(tmpdir(), 'callweave-sipp-'));
  const keys = ['-key', 'action', action, '-key', 'rtp_port', String(rtpPort)];
  const args = [
    remote,
    '-sf',
    file,
    '-i',
    '127.0.0.1',
    '-m',
    '1',
    ...keys,
    // The machine may not let it run for a while.
    ...['-watchdog_minor_threshold', '600000', '-watchdog_major_threshold', '600000'],
    '-trace_err',
    '-nostdin',
    '-timeout',
    '20s',
  ];
  try {
    const child = spawn('sipp', args, { cwd, stdio: 'ignore' });
    const [code] = (await once(child, 'exit')) as [number | null];
    if (code === 0) return '';
    const logs = readdirSync(cwd).filter((name) => name.endsWith('_errors.log'));
    return `sipp ended with ${String(code)}\n${logs.map((name) => readFileSync(join(cwd, name), 'utf8')).join('\n')}`;
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}
