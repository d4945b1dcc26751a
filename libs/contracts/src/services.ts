import { challenge, keysBucket, subscribersBucket, tenantsBucket, verify } from './auth.ts';
import { type BucketType, type EventType, type RequestType } from './define.ts';
import { instancesBucket } from './instance.ts';
import {
  bindingAdded,
  bindingRefreshed,
  bindingRemoved,
  listRegistrations,
  locationBucket,
  lookup,
  register,
  removeRegistration,
} from './registration.ts';

/** What one service may do on the bus; its NATS permissions are generated from this and nothing else. */
export interface ServiceProfile {
  readonly name: string;
  readonly serves: readonly RequestType[];
  readonly asks: readonly RequestType[];
  readonly publishes: readonly EventType[];
  readonly reads: readonly BucketType[];
  readonly writes: readonly BucketType[];
}

export const registrarProfile: ServiceProfile = {
  name: 'registrar',
  serves: [register, lookup, listRegistrations, removeRegistration],
  asks: [],
  publishes: [bindingAdded, bindingRefreshed, bindingRemoved],
  reads: [locationBucket, instancesBucket],
  writes: [locationBucket, instancesBucket],
};

export const authProfile: ServiceProfile = {
  name: 'auth-challenge-affinity',
  serves: [challenge, verify],
  asks: [],
  publishes: [],
  reads: [subscribersBucket, tenantsBucket, keysBucket, instancesBucket],
  writes: [subscribersBucket, keysBucket, instancesBucket],
};

export const edgeProfile: ServiceProfile = {
  name: 'edge-signaling',
  serves: [],
  asks: [challenge, verify, register],
  publishes: [],
  reads: [tenantsBucket, keysBucket, instancesBucket],
  writes: [keysBucket, instancesBucket],
};

/** Every service that has a user of its own on the bus. */
export const serviceProfiles: readonly ServiceProfile[] = [registrarProfile, authProfile, edgeProfile];
