import { type ServerResponse } from 'node:http';
import helmet from '@fastify/helmet';
import { counter, type Logger } from '@callweave/telemetry';
import { fastify, type FastifyInstance } from 'fastify';
import { PortUnavailableError, Problem } from '../errors.ts';
import { responses } from '../metrics.ts';
import { servePage } from './page-files.ts';
import { problemOf, sendProblem } from './problem.ts';
import { addRoutes, type RouteDeps } from './routes.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answered without a token. */
    isOpen?: boolean;
  }
}

export interface ServerDeps extends RouteDeps {
  readonly logger: Logger;
}

/** The page may load and reach nothing but this console; markup is made by the page's templates alone. */
const contentSecurityPolicy = {
  useDefaults: false,
  directives: {
    'default-src': ["'none'"],
    'script-src': ["'self'"],
    'style-src': ["'self'"],
    'img-src': ["'self'"],
    'connect-src': ["'self'"],
    'base-uri': ["'none'"],
    'form-action': ["'none'"],
    'frame-ancestors': ["'none'"],
    'require-trusted-types-for': ["'script'"],
    'trusted-types': ['lit-html'],
  },
};

/** The console's HTTP side, not listening yet. */
export async function createServer(deps: ServerDeps): Promise<FastifyInstance> {
  const { guard, logger } = deps;
  const app = fastify({ logger: false, forceCloseConnections: true, bodyLimit: 16_384 });
  const answered = counter(responses);
  await app.register(helmet, { contentSecurityPolicy, strictTransportSecurity: false });
  app.addHook('onRequest', (request, _reply, done) => {
    guard.checkHost(request);
    if (request.url.startsWith('/api/') && request.routeOptions.config.isOpen !== true) guard.admit(request);
    done();
  });
  app.addHook('onSend', async (request, reply) => {
    if (request.url.startsWith('/api/')) reply.header('cache-control', 'no-store');
    return Promise.resolve();
  });
  app.addHook('onResponse', (request, reply, done) => {
    answered.add(1, { route: request.routeOptions.url ?? 'none', status: String(reply.statusCode) });
    done();
  });
  app.setErrorHandler(async (error, _request, reply) => {
    const problem = problemOf(error);
    if (problem === undefined) logger.error('request.failed', { err: error });
    await sendProblem(reply, problem ?? new Problem('failed', 500, 'see the log of the console'));
  });
  app.setNotFoundHandler((request, reply) =>
    sendProblem(reply, new Problem('not-found', 404, `${request.method} ${request.url.split('?')[0] ?? ''}`)),
  );
  addRoutes(app, deps);
  servePage(app);
  return app;
}

/** Answers that are under way; asked for before the port is opened. */
export function underWay(app: FastifyInstance): ReadonlySet<ServerResponse> {
  const answers = new Set<ServerResponse>();
  app.addHook('onRequest', (_request, { raw }, done) => {
    answers.add(raw);
    // Whether it is finished or its reader has gone.
    raw.once('close', () => answers.delete(raw));
    done();
  });
  return answers;
}

/** Opens the port; returns the one it is. Throws `PortUnavailableError`. */
export async function listen(app: FastifyInstance, host: string, port: number): Promise<number> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    const reason = code === 'EADDRINUSE' ? 'is taken' : `cannot be opened (${code})`;
    throw new PortUnavailableError(host, port, reason, { cause: error });
  }
  const address = app.server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}
