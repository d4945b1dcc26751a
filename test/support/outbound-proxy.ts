import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePhonePort } from './free-port.ts';
import { rawRequest } from './raw-request.ts';
import { tied } from './tied.ts';
import { openUdpPeer } from './udp-peer.ts';
import { until } from './until.ts';

/** A proxy between phones and an edge, which says in Path how they are reached. RFC 3327 */
export interface OutboundProxy {
  /** `ip:port`. */
  readonly address: string;
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin';

/** Starts Kamailio as one. */
export async function startOutboundProxy(edge: string): Promise<OutboundProxy> {
  const address = `${HOST}:${String(await freePhonePort())}`;
  const directory = mkdtempSync(join(tmpdir(), 'callweave-kamailio-'));
  const file = join(directory, 'kamailio.cfg');
  writeFileSync(file, config(address, edge));
  const args = ['-f', file, '-Y', directory, '-w', directory, '-DD', '-E', '-m', '64', '-M', '8'];
  const child = spawn(...tied('kamailio', args, 'TERM'), { stdio: ['ignore', 'ignore', 'pipe'], env: { PATH } });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors = `${errors}${chunk.toString('utf8')}`.slice(-4_000)));
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
    }
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    await until('Kamailio answers', () => child.exitCode !== null || isThere(address), 20_000);
    if (child.exitCode !== null) throw new Error('it has ended');
  } catch (error) {
    await stop();
    throw new Error(`Kamailio does not start: ${errors}`, { cause: error });
  }
  return { address, stop };
}

/** Whether it passes an OPTIONS on that is for itself alone: it answers. */
async function isThere(address: string): Promise<boolean> {
  const peer = await openUdpPeer(address);
  try {
    peer.send(rawRequest({ method: 'OPTIONS', uri: `sip:${address}`, from: peer.address }));
    return await peer.waitFor('200 Ready', 500).then(
      () => true,
      () => false,
    );
  } finally {
    peer.close();
  }
}

/**
 * Phones' requests go to the edge; the edge's go by the Route that Path has told it, or Record-Route, and to where the
 * phone is seen.
 */
function config(address: string, edge: string): string {
  return `
debug=0
log_stderror=yes
fork=yes
children=1
disable_tcp=yes
auto_aliases=no
dns=no
rev_dns=no
listen=udp:${address}
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "siputils.so"
loadmodule "textops.so"
loadmodule "path.so"
loadmodule "nathelper.so"
modparam("path", "use_received", 1)
request_route {
  if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
  if (is_method("OPTIONS") && $si == "${HOST}" && $rU == $null) { sl_send_reply("200", "Ready"); exit; }
  if (has_totag()) {
    if (loose_route()) {
      if ($si + ":" + $sp == "${edge}") handle_ruri_alias();
      t_relay();
      exit;
    }
    if (is_method("ACK") && t_check_trans()) t_relay();
    exit;
  }
  if (is_method("CANCEL")) { if (t_check_trans()) t_relay(); exit; }
  if (is_method("REGISTER")) {
    add_path_received();
    $du = "sip:${edge}";
    t_relay();
    exit;
  }
  record_route();
  if ($si + ":" + $sp == "${edge}") { loose_route(); add_local_rport(); }
  else { set_contact_alias(); $du = "sip:${edge}"; }
  t_relay();
}
reply_route {
  if ($si + ":" + $sp != "${edge}") set_contact_alias();
}
`;
}
