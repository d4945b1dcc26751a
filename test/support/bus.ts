import { type Connection, openConnection } from '@callweave/bus';
import { recordLogs } from '@callweave/telemetry/testing';

export { type Connection } from '@callweave/bus';
export { startNats } from '@callweave/bus/testing';

/** A connection of a process of its own, as the operator of a test's nats-server. */
export function joinBus(url: string): Promise<Connection> {
  return openConnection({ url, user: 'operator', password: 'operator', name: 'operator' }, recordLogs());
}
