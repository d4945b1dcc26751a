import { once } from 'node:events';
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net';

/** A wire to a TCP port of this machine that may be cut. */
export interface TcpWire {
  /** Where it begins. */
  readonly port: number;
  /** Nothing passes any more, and nobody is told: as when a cable is drawn. */
  cut(): void;
  /** What was cut off is told that it was, and may connect again. */
  mend(): void;
  close(): void;
}

const HOST = '127.0.0.1';

/** Lays a wire to `target`, which need not be there yet. */
export async function layTcpWire(target: number): Promise<TcpWire> {
  let isCut = false;
  const ends = new Set<Socket>();
  const keep = (end: Socket): void => {
    ends.add(end);
    end.on('close', () => ends.delete(end)).on('error', () => end.destroy());
    if (isCut) end.pause();
  };
  const server = createServer({ noDelay: true }, (near) => {
    keep(near);
    if (isCut) return;
    const far = createConnection({ host: HOST, port: target, noDelay: true });
    keep(far);
    near.pipe(far).pipe(near);
    near.once('close', () => far.destroy());
    far.once('close', () => near.destroy());
  });
  server.listen(0, HOST);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    cut: () => {
      isCut = true;
      for (const end of ends) end.unpipe().pause();
    },
    mend: () => {
      isCut = false;
      for (const end of ends) end.destroy();
    },
    close: () => {
      server.close();
      for (const end of ends) end.destroy();
    },
  };
}
