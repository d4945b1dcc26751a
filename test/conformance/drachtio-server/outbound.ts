import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { type RequestHandler } from '@callweave/sip-engine';

/** Where the recorded handler and the recorded application listened, at the server's own address. */
const HANDLER_PORT = 9480;
const APP_PORT = 9482;

/** The handler and the application that the engine connects to, as a recording has them. */
export interface Outbound {
  readonly handlers: readonly RequestHandler[];
  /** Questions to the handler that have not been looked at. */
  readonly asked: string[];
  /** Connections to the application that have not been looked at. */
  readonly connected: Socket[];
  /** Answers the oldest question. */
  answer(json: string): void;
  close(): void;
}

/** Listens at both ports of `address`. */
export async function listenOutbound(address: string): Promise<Outbound> {
  const asked: string[] = [];
  const waiting: ServerResponse[] = [];
  const connected: Socket[] = [];
  const web = createHttpServer((request: IncomingMessage, response) => {
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    asked.push(`${request.method ?? ''} ${decodeURIComponent(request.url ?? '')}`);
    waiting.push(response);
  });
  const app = createServer((socket) => connected.push(socket));
  web.listen(HANDLER_PORT, address);
  app.listen(APP_PORT, address);
  await Promise.all([once(web, 'listening'), once(app, 'listening')]);
  // The first request of a process compiles the HTTP parser, which no socket tells of.
  await fetch(`http://${address}:${HANDLER_PORT}`, { method: 'HEAD' });
  return {
    handlers: [
      { method: 'INVITE', httpMethod: 'GET', url: `http://${address}:${HANDLER_PORT}` },
      { method: 'OPTIONS', httpMethod: 'GET', url: `tcp://${address}:${APP_PORT}` },
    ],
    asked,
    connected,
    answer: (json) => waiting.shift()?.setHeader('Content-Type', 'application/json').end(json),
    close: () => {
      web.close();
      web.closeAllConnections();
      app.close();
    },
  };
}
