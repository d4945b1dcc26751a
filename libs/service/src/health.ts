import { fastify } from 'fastify';

export interface HealthOptions {
  readonly host: string;
  readonly port: number;
  /** Why the process cannot take work now; undefined when it can. */
  readonly notReady: () => string | undefined;
  /** All metrics in Prometheus' text format. */
  readonly renderMetrics: () => Promise<string>;
  /** What the process holds right now, for whoever looks; nothing is served of it unless given. */
  readonly status?: (() => Readonly<Record<string, unknown>>) | undefined;
}

export interface HealthServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Serves `/healthz` (the loop turns), `/readyz` (work is welcome), `/metrics` and, where it is given, `/status`. */
export async function serveHealth(options: HealthOptions): Promise<HealthServer> {
  const { host, port, notReady, renderMetrics, status } = options;
  const app = fastify({ logger: false, forceCloseConnections: true });
  app.get('/healthz', () => ({ status: 'alive' }));
  app.get('/readyz', async (_request, reply) => {
    const reason = notReady();
    if (reason !== undefined) await reply.code(503).send({ status: 'not ready', reason });
    else await reply.send({ status: 'ready' });
  });
  app.get('/metrics', async (_request, reply) => {
    await reply.type('text/plain; version=0.0.4').send(await renderMetrics());
  });
  if (status !== undefined) app.get('/status', () => status());
  await app.listen({ host, port });
  const address = app.server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    close: () => app.close(),
  };
}
