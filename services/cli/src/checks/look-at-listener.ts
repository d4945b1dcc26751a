import { once } from 'node:events';
import { connect as connectPlainly, type Socket } from 'node:net';
import { connect } from 'node:tls';
import { type PlatformFile } from '@callweave/service';
import { unbracket } from '@callweave/sip';
import { askSip } from '../sip-question.ts';

const ANSWER_MS = 2_000;

/** What a listener of the platform said when it was tried. */
export interface Look {
  readonly isThere: boolean;
  readonly said: string;
}

/** Tries the first transport of a listener: by UDP an OPTIONS is answered, connections open, TLS shows its certificate. */
export async function lookAt({ transports, listen }: PlatformFile['listeners'][number]): Promise<Look> {
  const colon = listen.lastIndexOf(':');
  const [host, port] = [unbracket(listen.slice(0, colon)), Number(listen.slice(colon + 1))];
  const [transport = 'udp'] = transports;
  try {
    if (transport === 'udp') return await answered(host, port, listen);
    return transport === 'tls' || transport === 'wss' ? await secured(host, port) : await connected(host, port);
  } catch (error) {
    return { isThere: false, said: error instanceof Error ? error.message : String(error) };
  }
}

async function answered(ip: string, port: number, uri: string): Promise<Look> {
  const status = await askSip({ method: 'OPTIONS', ip, port, uri, timeoutMs: ANSWER_MS });
  return { isThere: status === '200', said: status === '200' ? 'answers' : (status ?? 'no answer') };
}

async function connected(host: string, port: number): Promise<Look> {
  await opened(connectPlainly({ host, port }), 'connect');
  return { isThere: true, said: 'can be connected to' };
}

/** Whether its certificate is to be believed is for phones to say; until when it is good, for us. */
async function secured(host: string, port: number): Promise<Look> {
  let until = '';
  await opened(
    connect({ host, port, rejectUnauthorized: false }, function (this: { getPeerCertificate(): { valid_to: string } }) {
      until = this.getPeerCertificate().valid_to;
    }),
    'secureConnect',
  );
  return { isThere: Date.parse(until) > Date.now(), said: `certificate until ${until}` };
}

async function opened(socket: Socket, event: 'connect' | 'secureConnect'): Promise<void> {
  socket.on('error', () => socket.destroy());
  try {
    await once(socket, event, { signal: AbortSignal.timeout(ANSWER_MS) });
  } finally {
    socket.destroy();
  }
}
