import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { type Probe } from './health-watch.ts';

const TIMEOUT_MS = 1_000;
/** Slow is not frozen: what reacts within this is left alone. */
const ALIVE_TIMEOUT_MS = 5_000;

/** Asks a process of ours over HTTP. */
export function httpProbe(host: string, port: number): Probe {
  const ask = async (path: string, timeoutMs: number): Promise<boolean> => {
    try {
      const response = await fetch(`http://${host}:${port}${path}`, { signal: AbortSignal.timeout(timeoutMs) });
      await response.arrayBuffer();
      return response.ok;
    } catch (error) {
      if (error instanceof Error) return false;
      throw error;
    }
  };
  return { isAlive: () => ask('/healthz', ALIVE_TIMEOUT_MS), isReady: () => ask('/readyz', TIMEOUT_MS) };
}

/** A nats-server speaks first: it greets whoever connects. */
export function natsProbe(host: string, port: number): Probe {
  const ask = (): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = connect({ host, port, timeout: TIMEOUT_MS });
      const done = (greeted: boolean) => (): void => {
        socket.destroy();
        resolve(greeted);
      };
      const give = setTimeout(done(false), TIMEOUT_MS);
      socket.once('close', () => clearTimeout(give));
      socket.once('data', done(true));
      socket.once('error', done(false));
    });
  return { isAlive: ask, isReady: ask };
}

/** rtpengine's ng protocol: a cookie, then a bencoded dictionary; the answer bears the same cookie. */
export function ngProbe(host: string, port: number): Probe {
  let serial = 0;
  const ask = (): Promise<boolean> =>
    new Promise((resolve) => {
      const cookie = `${process.pid}_${port}_${serial++}`;
      const socket = createSocket('udp4');
      let finished = false;
      const done = (answered: boolean): void => {
        if (finished) return;
        finished = true;
        clearTimeout(give);
        socket.close();
        resolve(answered);
      };
      const give = setTimeout(() => done(false), TIMEOUT_MS);
      socket.once('error', () => done(false));
      socket.on('message', (message) => {
        if (message.toString('latin1').startsWith(`${cookie} d6:result4:pong`)) done(true);
      });
      socket.send(`${cookie} d7:command4:pinge`, port, host);
    });
  return { isAlive: ask, isReady: ask };
}
