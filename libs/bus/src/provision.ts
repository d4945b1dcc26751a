import { type BucketType, buckets, serviceProfiles, type StreamType, streams } from '@callweave/contracts';
import {
  AckPolicy,
  DiscardPolicy,
  type JetStreamManager,
  nanos,
  NatsError,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from 'nats';
import { toBusError } from './nats-failure.ts';

const SEC_MS = 1_000;
/** JetStream's "stream not found". */
const STREAM_NOT_FOUND = 10_059;
/** A fact told twice within this time is stored once (`Nats-Msg-Id`). */
const DUPLICATE_WINDOW_MS = 120_000;
/** Largest record: an address-of-record with its full set of contacts of hostile length. */
const MAX_RECORD_BYTES = 1_000_000;

export interface ProvisionOptions {
  /** Copies of each stream and bucket; 3 on a cluster, 1 on a single server. */
  readonly replicas: number;
}

/**
 * Makes streams, buckets and durable consumers match the contracts; changes what can be changed, never deletes. Throws
 * `BusUnavailableError`; what was made until then is as it should be.
 */
export async function provision(jsm: JetStreamManager, options: ProvisionOptions): Promise<void> {
  try {
    await ensureAll(jsm, options);
  } catch (error) {
    throw toBusError(error, 'making streams and buckets');
  }
}

async function ensureAll(jsm: JetStreamManager, { replicas }: ProvisionOptions): Promise<void> {
  for (const stream of streams) await ensure(jsm, streamConfig(stream, replicas));
  for (const bucket of buckets) await ensure(jsm, bucketConfig(bucket, replicas));
  for (const { consumes } of serviceProfiles) {
    for (const { event, durable } of consumes) {
      const stream = streams.find(({ events }) => events.includes(event));
      if (stream === undefined) continue;
      await jsm.consumers.add(stream.name, {
        durable_name: durable,
        ack_policy: AckPolicy.Explicit,
        filter_subject: event.filter,
        max_ack_pending: 1_000,
      });
    }
  }
}

type Config = Partial<StreamConfig> & { readonly name: string };

async function ensure(jsm: JetStreamManager, config: Config): Promise<void> {
  try {
    await jsm.streams.info(config.name);
  } catch (error) {
    if (!(error instanceof NatsError) || error.api_error?.err_code !== STREAM_NOT_FOUND) throw error;
    await jsm.streams.add(config);
    return;
  }
  await jsm.streams.update(config.name, config);
}

function streamConfig({ name, summary, subjects, maxAgeSec, maxMessages }: StreamType, replicas: number): Config {
  return {
    name,
    description: summary,
    subjects: [...subjects],
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: DiscardPolicy.Old,
    max_age: nanos(maxAgeSec * SEC_MS),
    max_msgs: maxMessages,
    duplicate_window: nanos(DUPLICATE_WINDOW_MS),
    num_replicas: replicas,
    allow_direct: true,
  };
}

function bucketConfig({ name, summary, maxAgeSec }: BucketType, replicas: number): Config {
  return {
    name: `KV_${name}`,
    description: summary,
    subjects: [`$KV.${name}.>`],
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: DiscardPolicy.New,
    max_msgs_per_subject: 1,
    max_msg_size: MAX_RECORD_BYTES,
    max_age: nanos(maxAgeSec * SEC_MS),
    duplicate_window: nanos(Math.min(maxAgeSec * SEC_MS || DUPLICATE_WINDOW_MS, DUPLICATE_WINDOW_MS)),
    num_replicas: replicas,
    allow_direct: true,
    allow_rollup_hdrs: true,
    deny_delete: false,
  };
}
