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

/** A durable consumer; its replicas share the work. */
export interface Consumption {
  readonly event: EventType;
  readonly durable: string;
}

/** What one service may do on the bus; its NATS permissions are generated from this and nothing else. */
export interface ServiceProfile {
  readonly name: string;
  readonly serves: readonly RequestType[];
  readonly asks: readonly RequestType[];
  readonly publishes: readonly EventType[];
  readonly consumes: readonly Consumption[];
  readonly reads: readonly BucketType[];
  readonly writes: readonly BucketType[];
}

export const registrarProfile: ServiceProfile = {
  name: 'registrar',
  serves: [register, lookup, listRegistrations, removeRegistration],
  asks: [],
  publishes: [bindingAdded, bindingRefreshed, bindingRemoved],
  consumes: [],
  reads: [locationBucket, instancesBucket],
  writes: [locationBucket, instancesBucket],
};

export const authProfile: ServiceProfile = {
  name: 'auth-challenge-affinity',
  serves: [challenge, verify],
  asks: [],
  publishes: [],
  consumes: [],
  reads: [subscribersBucket, tenantsBucket, keysBucket, instancesBucket],
  writes: [subscribersBucket, keysBucket, instancesBucket],
};

export const edgeProfile: ServiceProfile = {
  name: 'edge-signaling',
  serves: [],
  asks: [challenge, verify, register],
  publishes: [],
  consumes: [],
  reads: [tenantsBucket, keysBucket, instancesBucket],
  writes: [keysBucket, instancesBucket],
};

/** Every service that has a user of its own on the bus. */
export const serviceProfiles: readonly ServiceProfile[] = [registrarProfile, authProfile, edgeProfile];
