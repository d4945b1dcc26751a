import { type Clock } from '@callweave/clock';
import { instancesBucket, type Lease } from '@callweave/contracts';
import { type Logger } from '@callweave/telemetry';
import { type Connection } from './connection.ts';
import { InstanceTable } from './instance-table.ts';
import { Watch } from './watch.ts';

/** The running instances of some services, learnt from their leases. */
export class LiveInstances {
  readonly table: InstanceTable;
  readonly #watches: readonly Watch<typeof Lease>[];

  constructor(services: readonly string[], deps: { connection: Connection; clock: Clock; log: Logger }) {
    this.table = new InstanceTable(deps.clock);
    const handler = { onRecord: (_key: string, lease: Lease, revision: number) => this.table.renew(lease, revision) };
    this.#watches = services.map(
      (service) => new Watch({ type: instancesBucket, filter: instancesBucket.keys({ service }), handler }, deps),
    );
    deps.connection.onReconnect(() => this.table.reprieve());
  }

  stop(): void {
    for (const watch of this.#watches) watch.stop();
  }
}
