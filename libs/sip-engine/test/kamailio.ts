import { setImmediate as nextTurn } from 'node:timers/promises';
import { openRawPhone } from '@callweave/sip-engine/testing';
import { requestText } from '@callweave/sip/testing';
import { expect, vi } from 'vitest';
import { type Programs } from './programs.ts';

/** What tells one Kamailio from another. */
export interface KamailioConfig {
  /** Where it listens by UDP, at 127.0.0.1. */
  readonly port: number;
  /** Where else it listens, and what it has beside modules that all have. */
  readonly settings?: string;
  /** What becomes of a request but for an OPTIONS to `sip:ready`, in its language. */
  readonly route: string;
}

/** Starts Kamailio, which ends with the other programs, and waits until it answers. */
export async function startKamailio(programs: Programs, config: KamailioConfig): Promise<void> {
  const file = await programs.file(configText(config));
  await programs.start('kamailio', ['-f', file, '-DD', '-E', '-m', '64', '-M', '8', '-Y', '.', '-w', '.']);
  const prober = await openRawPhone();
  const ask = requestText({ uri: 'sip:ready', branch: 'z9hG4bKready', sentBy: `127.0.0.1:${prober.port}` });
  // The answer counts that comes before the next time.
  const isAnswered = async (): Promise<boolean> => {
    prober.send(ask, config.port);
    await nextTurn();
    return prober.waiting > 0;
  };
  await vi.waitFor(async () => expect(await isAnswered()).toBe(true), { timeout: 20_000, interval: 200 });
  prober.close();
}

function configText({ port, settings = 'disable_tcp=yes', route }: KamailioConfig): string {
  return `
debug=0
log_stderror=yes
fork=yes
children=1
auto_aliases=no
dns=no
rev_dns=no
listen=udp:127.0.0.1:${port}
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "corex.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "siputils.so"
loadmodule "textops.so"
${settings}
request_route {
  if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
  if ($ru == "sip:ready") { sl_send_reply("200", "Ready"); exit; }
${route}
}
`;
}
