import { z } from 'zod';
import { defineBucket } from './define.ts';
import { InstanceId } from './primitives.ts';

/** Seconds between two puts of a lease. */
export const LEASE_RENEW_SEC = 2;
/** Seconds an observer waits without a new revision before it calls the holder dead. */
export const LEASE_SEC = 15;

/** A running process announces itself by renewing its lease. */
export const Lease = z.object({
  service: z.string(),
  instance: InstanceId,
  version: z.string(),
  /** Where people and probes find it, for example its health port. */
  address: z.string().optional(),
  /** The flow holder this process speaks for: an edge's SIP engine. Its calls are alive as long as this lease is. */
  holds: InstanceId.optional(),
  startedAt: z.number().int(),
});
export type Lease = z.infer<typeof Lease>;

export const instancesBucket = defineBucket('instances', {
  summary: 'Leases of the running processes, re-put every 2 s.',
  pattern: '{service}.{instance}',
  value: Lease,
  maxAgeSec: 120,
});
