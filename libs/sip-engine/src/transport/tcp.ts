import { connect, createServer, type Socket } from 'node:net';
import { plainAddress } from './address.ts';
import { type StreamDeps } from './connection-flow.ts';
import { ACCEPTED, bindServer, ConnectionListener, type ConnectionOptions } from './connection-listener.ts';
import { StreamFlow } from './stream-flow.ts';
import { type Flow, type Listener } from './transport.ts';

/** Binds one TCP socket. */
export async function listenTcp(options: ConnectionOptions, deps: StreamDeps): Promise<Listener> {
  return new TcpListener('tcp', await bindServer('tcp', options, () => createServer(ACCEPTED)), options, deps);
}

/** Accepts and opens connections; one to a peer is used again in both directions. RFC 3261 §18.1.1. */
class TcpListener extends ConnectionListener<'tcp'> {
  override flowTo(address: string, port: number): Flow {
    return this.connectionTo(address, port) ?? this.#open(address, port);
  }

  protected override accept(socket: Socket): void {
    const { remoteAddress, remotePort } = socket;
    if (remoteAddress === undefined || remotePort === undefined) socket.destroy();
    else this.#keep(socket, plainAddress(remoteAddress), remotePort);
  }

  #open(host: string, port: number): StreamFlow {
    const socket = connect({ host, port, localAddress: this.address, noDelay: true, keepAlive: true });
    return this.#keep(socket, host, port);
  }

  #keep(socket: Socket, address: string, port: number): StreamFlow {
    return this.keep(address, port, (parts) => new StreamFlow({ ...parts, socket }));
  }
}
