import { type Bus } from '@callweave/bus';
import { buckets, InstanceId, instancesBucket, LEASE_SEC, serviceProfiles, streams } from '@callweave/contracts';
import { createInstanceId, version } from '@callweave/service';
import { withBus } from '../operator.ts';
import { type Check, fine, type Finding, wrong } from './check.ts';

/** Further off than this a process is not ready. */
const MAX_OFFSET_MS = 1_000;

/** The bus, what is stored there, who lives on it, and the time it keeps. */
export const busChecks: readonly Check[] = [
  onBus('bus', (bus) => Promise.resolve(fine(`nats-server ${bus.serverVersion}`))),
  onBus('streams', async (bus) => {
    const wanted = [...streams.map(({ name }) => name), ...buckets.map(({ name }) => `KV_${name}`)];
    const present = await bus.streamNames();
    const missing = wanted.filter((name) => !present.includes(name));
    if (missing.length > 0) return wrong(`missing: ${missing.join(', ')}`, 'npm start provisions them');
    return fine(`${String(wanted.length)} streams and buckets`);
  }),
  onBus('services', async (bus) => {
    const now = Date.now();
    const leases = (await bus.bucket(instancesBucket).list()).filter(
      ({ storedAtMs }) => now - storedAtMs < LEASE_SEC * 1000,
    );
    const count = (name: string): number => leases.filter(({ value }) => value.service === name).length;
    const absent = serviceProfiles.filter(({ name }) => count(name) === 0).map(({ name }) => name);
    if (absent.length > 0) return wrong(`no live instance: ${absent.join(', ')}`, 'look at their logs');
    return fine(serviceProfiles.map(({ name }) => `${name} ×${String(count(name))}`).join(', '));
  }),
  onBus('clock', async (bus) => {
    const offsetMs = await clockOffset(bus);
    if (Math.abs(offsetMs) > MAX_OFFSET_MS)
      return wrong(`${String(offsetMs)} ms off the bus server`, 'run an NTP client');
    return fine(`${String(offsetMs)} ms off the bus server`);
  }),
];

function onBus(name: string, look: (bus: Bus) => Promise<Finding>): Check {
  return { name, run: (command) => withBus(command, look) };
}

/** How far our clock is ahead of the server's beyond what the round trip explains. */
async function clockOffset(bus: Bus): Promise<number> {
  const bucket = bus.bucket(instancesBucket);
  const lease = { service: 'doctor', instance: InstanceId.parse(createInstanceId()), version, startedAt: Date.now() };
  const before = Date.now();
  const revision = await bucket.put(lease, lease);
  const after = Date.now();
  const stored = await bucket.get(lease);
  await bucket.remove(revision);
  if (stored === undefined) return 0;
  if (stored.storedAtMs < before) return before - stored.storedAtMs;
  return Math.min(0, after - stored.storedAtMs);
}
