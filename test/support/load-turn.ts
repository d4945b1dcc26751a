import { createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** Held by whoever loads this machine; the kernel gives it up when its process dies. */
const TURN_PORT = 9_917;
const LIMIT_MS = 300_000;

/**
 * Waits until no other test run loads this machine, so that a load measures the platform and not its neighbour. After
 * `limitMs`, five minutes unless told otherwise, it goes ahead all the same. Returns what ends the turn.
 */
export async function takeLoadTurn(limitMs = LIMIT_MS): Promise<() => void> {
  const end = performance.now() + limitMs;
  for (;;) {
    const server = createServer();
    const taken = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen({ host: '127.0.0.1', port: TURN_PORT, exclusive: true }, () => resolve(true));
    });
    if (taken) return () => void server.close();
    if (performance.now() > end) return () => undefined;
    await pause(200);
  }
}
