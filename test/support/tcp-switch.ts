import { once } from 'node:events';
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net';

/** A TCP address with others behind it, as a load balancer has it: a connection stays where it went first. */
export interface TcpSwitch {
  readonly port: number;
  /** Connections so far. */
  readonly accepted: number;
  /** Leads new connections to this address, `ip:port`. */
  leadTo(target: string): void;
  /** Ends the connections that there are, as a phone does that changes its network. */
  hangUp(): void;
  /** Nothing passes any more, and nobody is told: as when a cable is drawn. */
  cut(): void;
  /** What was cut off is told that it was, and may connect again. */
  mend(): void;
  close(): void;
}

/** Opens the address, at a free port if it is 0, with `first` behind it, which need not be there yet. */
export async function openTcpSwitch(host: string, port: number, first: string): Promise<TcpSwitch> {
  let target = first;
  let isCut = false;
  let accepted = 0;
  const ends = new Set<Socket>();
  const keep = (end: Socket): void => {
    ends.add(end);
    end.on('close', () => ends.delete(end)).on('error', () => end.destroy());
    if (isCut) end.pause();
  };
  const server = createServer({ noDelay: true }, (near) => {
    accepted += 1;
    keep(near);
    if (isCut) return;
    const [to, at] = target.split(':');
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
    port: (server.address() as AddressInfo).port,
    get accepted() {
      return accepted;
    },
    leadTo: (next) => {
      target = next;
    },
    hangUp,
    cut: () => {
      isCut = true;
      for (const end of ends) end.unpipe().pause();
    },
    mend: () => {
      isCut = false;
      hangUp();
    },
    close: () => {
      server.close();
      hangUp();
    },
  };
}
