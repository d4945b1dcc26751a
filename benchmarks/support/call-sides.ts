import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import {
  addSubscribers,
  freePort,
  type LoadAccount,
  type Platform,
  runSipp,
  type SippResult,
  sippLines,
  startPlatform,
} from '@callweave/test';
import { DrachtioServerPeer } from '../peers/drachtio-server.ts';
import { KamailioPeer } from '../peers/kamailio.ts';
import { type Side } from './side.ts';

const CALLERS = 100;
/** The callers' accounts are the same at every side. */
const CALLER = 'caller';
/** What a call lasts from its answer, unless it is held. */
const TALK_MS = 100;

const scenario = (name: string): string => fileURLToPath(new URL(`../scenarios/${name}.xml`, import.meta.url));

/** How a side is called. */
export interface Calling {
  readonly rate: number;
  readonly calls: number;
  readonly talkMs?: number;
  readonly timeoutSec?: number;
}

/** A side that carries calls; whoever starts it stops it. */
export interface CallSide extends Side {
  readonly call: (calling: Calling) => Promise<SippResult>;
  readonly stop: () => Promise<void>;
}

/** The platform as such a side. */
export interface PlatformSide extends CallSide {
  readonly platform: Platform;
}

/** The whole platform, with `settings` of its own, and a callee that is registered; its callers may be a trunk. */
export async function startPlatformSide(
  name: string,
  settings: Readonly<Record<string, string>> = {},
  callersAre: 'users' | 'a trunk' = 'users',
): Promise<PlatformSide> {
  const platform = await startPlatform(settings);
  try {
    if (callersAre === 'a trunk') await succeed(platform.cli('trunks', 'set', 'callers', '--networks', '127.0.0.1/32'));
    const callers = await subscribe(platform, CALLER, CALLERS);
    const [callee] = await subscribe(platform, 'callee', 1);
    if (callee === undefined) throw new Error('no callee');
    const remote = platform.sip[0] ?? '';
    const calleePort = await freePort();
    const lines = sippLines([callee]);
    const calling = callingOf(remote, callers, calleePort);
    const call: CallSide['call'] = async (load) => {
      // A registration does not last as long as a measurement.
      const registered = await runSipp({ scenario: 'register', remote, calls: 1, lines, localPort: calleePort });
      if (registered.failed > 0) throw new Error(`the callee cannot register: ${registered.errors}`);
      return calling(load);
    };
    return {
      name,
      platform,
      processes: () => platform.processes(),
      call,
      load: loadOf(call),
      stop: async () => {
        await platform.stop();
      },
    };
  } catch (error) {
    await platform.stop();
    throw error;
  }
}

/** Debian's Kamailio as a stateful, record-routing proxy: it challenges its callers, or takes them as they come. */
export async function startKamailioSide(challenge: boolean): Promise<CallSide> {
  const calleePort = await freePort();
  const password = 'secret';
  const peer = await KamailioPeer.start({ callee: `127.0.0.1:${String(calleePort)}`, password, challenge });
  const callers = Array.from({ length: CALLERS }, (_, n) => ({ user: `${CALLER}${String(n)}`, password }));
  const call = callingOf(peer.address, callers, calleePort);
  const name = challenge ? 'kamailio challenging' : 'kamailio';
  return {
    name,
    processes: () => peer.processes,
    call,
    load: loadOf(call),
    stop: () => peer.stop(),
  };
}

/** drachtio-server and the least of applications that makes two calls of one. */
export async function startDrachtioSide(program: string): Promise<CallSide> {
  const calleePort = await freePort();
  const peer = await DrachtioServerPeer.start({ program, callee: `127.0.0.1:${String(calleePort)}` });
  const callers = [{ user: CALLER, password: 'none' }];
  const call = callingOf(peer.address, callers, calleePort);
  return {
    name: 'drachtio-server, createB2BUA',
    processes: () => peer.processes,
    call,
    load: loadOf(call),
    stop: () => peer.stop(),
  };
}

/** Somebody who takes traces and throws them away. */
export async function startTraceSink(): Promise<{ readonly url: string; readonly stop: () => void }> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.end('{}'));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const stop = (): void => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${String(port)}`, stop };
}

async function succeed(running: ReturnType<Platform['cli']>): Promise<void> {
  const { code, output } = await running;
  if (code !== 0) throw new Error(output);
}

async function subscribe(platform: Platform, prefix: string, count: number): Promise<LoadAccount[]> {
  return addSubscribers(await platform.bus(), prefix, count);
}

function loadOf(call: CallSide['call']): Side['load'] {
  return (rate, seconds) => call({ rate, calls: rate * seconds });
}

function callingOf(remote: string, callers: readonly LoadAccount[], calleePort: number): CallSide['call'] {
  return async ({ rate, calls, talkMs = TALK_MS, timeoutSec = 120 }) => {
    const stop = new AbortController();
    const about = { remote, timeoutSec };
    const answering = runSipp({
      ...{ ...about, scenario: scenario('answer'), calls: 10 * calls, localPort: calleePort },
      signal: stop.signal,
    });
    const keys = { callee: 'callee0' };
    const lines = sippLines(callers);
    const load = { scenario: scenario('call'), calls, atOnce: calls, rate, keys, lines, talkMs, times: true };
    const result = await runSipp({ ...about, ...load });
    stop.abort();
    await answering;
    return result;
  };
}
