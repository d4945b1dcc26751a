import { type BucketType, type EventType, type RequestType, type StreamType } from '@callweave/contracts';

/** What the contracts declare, each under the name it is exported by. */
export interface ContractSet {
  readonly requests: readonly Named<RequestType>[];
  readonly events: readonly Named<EventType>[];
  readonly buckets: readonly Named<BucketType>[];
  readonly streams: readonly Named<StreamType>[];
}

/** A contract and its exported name. */
export interface Named<T> {
  readonly name: string;
  readonly type: T;
}

/** Sorts the exports of a module into contracts; what is no contract is left out. */
export function collectContracts(exported: Readonly<Record<string, unknown>>): ContractSet {
  const pick = <T>(kind: string, key: (type: T) => string): Named<T>[] =>
    Object.entries(exported)
      .filter(([, value]) => kindOf(value) === kind)
      .map(([name, value]) => ({ name, type: value as T }))
      .sort((a, b) => (key(a.type) < key(b.type) ? -1 : 1));
  return {
    requests: pick<RequestType>('request', (type) => type.pattern),
    events: pick<EventType>('event', (type) => type.pattern),
    buckets: pick<BucketType>('bucket', (type) => type.name),
    streams: pick<StreamType>('stream', (type) => type.name),
  };
}

function kindOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'kind' in value ? value.kind : undefined;
}
