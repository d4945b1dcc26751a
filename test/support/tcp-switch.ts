import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';

/** One TCP address with several edges behind it, as a load balancer has it: a connection stays where it went first. */
export interface TcpSwitch {
  /** Leads new connections to this edge, `ip:port`. */
  leadTo(edge: string): void;
  /** Ends the connections that there are, as a phone does that changes its network. */
  hangUp(): void;
  close(): void;
}

/** Opens the address, with `first` behind it. */
export async function openTcpSwitch(host: string, port: number, first: string): Promise<TcpSwitch> {
  let edge = first;
  const ends = new Set<Socket>();
  const keep = (end: Socket): void => {
    ends.add(end);
    end.on('close', () => ends.delete(end)).on('error', () => end.destroy());
  };
  const server = createServer({ noDelay: true }, (near) => {
    keep(near);
    const [to, at] = edge.split(':');
    const far = createConnection({ host: to, port: Number(at), noDelay: true });
    keep(far);
    near.pipe(far).pipe(near);
    near.once('close', () => far.destroy());
    far.once('close', () => near.destroy());
  });
  server.listen(port, host);
  await once(server, 'listening');
  const hangUp = (): void => {
    for (const end of ends) end.destroy();
  };
  return {
    leadTo: (next) => {
      edge = next;
    },
    hangUp,
    close: () => {
      server.close();
      hangUp();
    },
  };
}
