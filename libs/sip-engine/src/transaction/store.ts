import { type Flow } from '../transport/transport.ts';
import { type ClientTransaction } from './client.ts';
import { type ServerTransaction } from './server.ts';

/** Every transaction of the engine, bounded. */
export class TransactionStore {
  readonly #servers = new Map<string, ServerTransaction>();
  readonly #clients = new Map<string, ClientTransaction>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#servers.size + this.#clients.size;
  }

  /** Whether one more would be too many; who asks is to be told to come back later. */
  get isFull(): boolean {
    return this.size >= this.#max;
  }

  server(key: string): ServerTransaction | undefined {
    return this.#servers.get(key);
  }

  client(key: string): ClientTransaction | undefined {
    return this.#clients.get(key);
  }

  addServer(transaction: ServerTransaction): void {
    this.#servers.set(transaction.key, transaction);
  }

  addClient(transaction: ClientTransaction): void {
    this.#clients.set(transaction.key, transaction);
  }

  readonly removeServer = (transaction: ServerTransaction): void => {
    if (this.#servers.get(transaction.key) === transaction) this.#servers.delete(transaction.key);
  };

  readonly removeClient = (transaction: ClientTransaction): void => {
    if (this.#clients.get(transaction.key) === transaction) this.#clients.delete(transaction.key);
  };

  /** Tells the requests that went this way that nothing will come back. */
  flowClosed(flow: Flow): void {
    const affected = [...this.#clients.values()].filter((transaction) => transaction.flow === flow);
    for (const transaction of affected) transaction.transportError();
  }
}
