import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns';
import { isIPv6 } from 'node:net';

/** Where a socket tells what happened to it; never in the turn in which it was opened or written to. */
export interface NgSocketEvents {
  received(datagram: Uint8Array): void;
  /** Nothing more comes from here: nobody listens there, or the name does not resolve. */
  failed(error: Error): void;
}

/** A way to one node: datagrams out, datagrams of this node alone in. */
export interface NgSocket {
  send(datagram: Uint8Array): void;
  close(): void;
}

/** Opens a way to a node. */
export type OpenNgSocket = (events: NgSocketEvents) => NgSocket;

/** Opens a UDP socket connected to `address` (`host:port`); the kernel drops whatever others send to it. */
export function ngUdpSocket(address: string): OpenNgSocket {
  const { host, port } = splitHostPort(address);
  return (events) => {
    const waiting: Uint8Array[] = [];
    let isConnected = false;
    let isClosed = false;
    let socket: ReturnType<typeof createSocket> | undefined;
    const failed = (error: Error): void => {
      if (!isClosed) events.failed(error);
    };
    const write = (datagram: Uint8Array): void => {
      socket?.send(datagram, (error) => {
        if (error !== null) failed(error);
      });
    };

    lookup(host, (error, ip) => {
      if (isClosed) return;
      if (error !== null) {
        failed(error);
        return;
      }
      socket = createSocket(isIPv6(ip) ? 'udp6' : 'udp4');
      socket.on('message', (datagram) => events.received(datagram));
      socket.on('error', failed);
      socket.once('connect', () => {
        isConnected = true;
        for (const datagram of waiting.splice(0)) write(datagram);
      });
      socket.unref();
      socket.connect(port, ip);
    });

    return {
      send: (datagram) => {
        if (isConnected) write(datagram);
        else waiting.push(datagram);
      },
      close: () => {
        isClosed = true;
        socket?.close();
      },
    };
  };
}

function splitHostPort(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(address.slice(colon + 1)) };
}
