import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectSecurely } from 'node:tls';
import { StreamFramer } from '@callweave/sip';
import { WebSocket } from 'ws';

/** A phone or server of a recording, as the test plays it. */
export interface Peer {
  /** What it has got and nobody has looked at. */
  readonly inbox: string[];
  /** What has been looked at. */
  readonly seen: Set<string>;
  /** Its own port. */
  readonly port: number;
  send(text: string): void;
  close(): void;
}

/** Where a peer is, and what it talks to. */
export interface Ends {
  readonly address: string;
  readonly engine: string;
  readonly enginePort: number;
}

/** A peer that sends datagrams from this port; 0 for any. */
export async function openUdpPeer({ address, engine, enginePort }: Ends, port: number): Promise<Peer> {
  const socket = createSocket('udp4');
  const inbox: string[] = [];
  socket.on('message', (bytes) => inbox.push(bytes.toString()));
  socket.bind(port, address);
  await once(socket, 'listening');
  return {
    ...{ inbox, seen: new Set(), port: socket.address().port },
    send: (text) => socket.send(Buffer.from(text), enginePort, engine),
    close: () => socket.close(),
  };
}

/** A peer that connects by TCP. */
export async function openTcpPeer({ address, engine, enginePort }: Ends): Promise<Peer> {
  const socket = connect({ host: engine, port: enginePort, localAddress: address });
  await once(socket, 'connect');
  return streamPeer(socket, socket.localPort ?? 0);
}

/** A peer that connects by TLS; whose certificate it sees does not matter to it. */
export async function openTlsPeer({ address, engine, enginePort }: Ends): Promise<Peer> {
  const carrier = connect({ host: engine, port: enginePort, localAddress: address });
  await once(carrier, 'connect');
  const socket = connectSecurely({ socket: carrier, rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  return streamPeer(socket, carrier.localPort ?? 0);
}

function streamPeer(socket: Socket, port: number): Peer {
  const framer = new StreamFramer();
  const inbox: string[] = [];
  socket.on('data', (chunk) => {
    framer.push(chunk);
    for (let unit = framer.next(); unit !== undefined; unit = framer.next()) {
      if (unit.kind === 'message') inbox.push(unit.message.origin?.bytes.toString() ?? '');
    }
  });
  return {
    ...{ inbox, seen: new Set(), port },
    send: (text) => void socket.write(text),
    close: () => void socket.destroy(),
  };
}

/** A peer that opens a websocket, RFC 7118. */
export async function openWsPeer({ address, engine, enginePort }: Ends): Promise<Peer> {
  const socket = new WebSocket(`ws://${engine}:${enginePort}`, 'sip', { localAddress: address });
  const inbox: string[] = [];
  let port = 0;
  socket.on('upgrade', ({ socket: { localPort } }) => (port = localPort ?? 0));
  socket.on('message', (data: Buffer) => inbox.push(data.toString()));
  await once(socket, 'open');
  return { inbox, seen: new Set(), port, send: (text) => socket.send(text), close: () => socket.terminate() };
}
