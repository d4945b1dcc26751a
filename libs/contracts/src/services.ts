import {
  accountExists,
  challenge,
  flowKeysBucket,
  nonceKeysBucket,
  subscribersBucket,
  tenantsBucket,
  verify,
} from './auth.ts';
import { callEvents, callsBucket } from './call.ts';
import { type BucketType, type EventType, type RequestType, type StreamType } from './define.ts';
import {
  acknowledgePlacement,
  bringResponse,
  cancelPlacement,
  findLeg,
  keepAlive,
  keepAliveByAny,
  passRequest,
  placeRequest,
  tellPlacement,
  watchPlacements,
  yieldCall,
} from './edge.ts';
import { controlFaults } from './faults.ts';
import { instancesBucket } from './instance.ts';
import { callRecorded } from './cdr.ts';
import {
  answerMedia,
  deleteMedia,
  listMediaNodes,
  mediaNodeDown,
  mediaNodeUp,
  offerMedia,
  queryMedia,
} from './media.ts';
import {
  bindingAdded,
  bindingRefreshed,
  bindingRemoved,
  listRegistrations,
  locationBucket,
  register,
  removeRegistration,
} from './registration.ts';
import { routeCall } from './routing.ts';
import { callsStream, mediaStream, registrationsStream } from './streams.ts';
import { trunksBucket } from './trunk.ts';
import { userSettingsBucket } from './user-settings.ts';

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
  /** Streams it reads as they grow, each replica all of them and keeping its own place. */
  readonly follows?: readonly StreamType[];
  readonly reads: readonly BucketType[];
  readonly writes: readonly BucketType[];
  /** How long it may take over an answer, s; absent: `DEFAULT_ANSWER_SEC`. */
  readonly answersWithinSec?: number;
}

/** No service but the edge takes longer over an answer: a registrar waits out an election of JetStream, 12 s. */
export const DEFAULT_ANSWER_SEC = 15;

export const registrarProfile: ServiceProfile = {
  name: 'registrar',
  serves: [register, listRegistrations, removeRegistration, controlFaults],
  asks: [keepAlive, keepAliveByAny],
  publishes: [bindingAdded, bindingRefreshed, bindingRemoved],
  consumes: [],
  reads: [locationBucket, instancesBucket],
  writes: [locationBucket, instancesBucket],
};

export const authProfile: ServiceProfile = {
  name: 'auth-challenge-affinity',
  serves: [challenge, verify, accountExists, controlFaults],
  asks: [],
  publishes: [],
  consumes: [],
  reads: [subscribersBucket, tenantsBucket, nonceKeysBucket, instancesBucket],
  writes: [subscribersBucket, nonceKeysBucket, instancesBucket],
};

/** What edges ask each other. */
const betweenEdges = [
  findLeg,
  passRequest,
  yieldCall,
  bringResponse,
  placeRequest,
  cancelPlacement,
  acknowledgePlacement,
  tellPlacement,
  watchPlacements,
];

export const edgeProfile: ServiceProfile = {
  name: 'edge-signaling',
  serves: [...betweenEdges, keepAlive, keepAliveByAny, controlFaults],
  asks: [
    challenge,
    verify,
    accountExists,
    register,
    removeRegistration,
    routeCall,
    offerMedia,
    answerMedia,
    deleteMedia,
    ...betweenEdges,
  ],
  publishes: [...callEvents, callRecorded],
  consumes: [],
  follows: [mediaStream],
  reads: [tenantsBucket, trunksBucket, flowKeysBucket, instancesBucket, callsBucket, locationBucket],
  writes: [flowKeysBucket, instancesBucket, callsBucket],
  // What is passed on to it is answered by a phone, within a transaction's time (RFC 3261 §17.1.2.2).
  answersWithinSec: 40,
};

export const callRoutingProfile: ServiceProfile = {
  name: 'call-routing',
  serves: [routeCall, controlFaults],
  asks: [],
  publishes: [],
  consumes: [],
  reads: [tenantsBucket, userSettingsBucket, instancesBucket],
  writes: [instancesBucket],
};

export const mediaControlProfile: ServiceProfile = {
  name: 'media-control',
  serves: [offerMedia, answerMedia, deleteMedia, queryMedia, listMediaNodes, controlFaults],
  // Whether another replica sees a node where this one sees none.
  asks: [listMediaNodes],
  publishes: [mediaNodeUp, mediaNodeDown],
  consumes: [],
  reads: [instancesBucket],
  writes: [instancesBucket],
};

export const consoleProfile: ServiceProfile = {
  name: 'console',
  serves: [],
  asks: [listRegistrations],
  publishes: [],
  consumes: [],
  follows: [callsStream, registrationsStream],
  reads: [callsBucket, tenantsBucket, instancesBucket],
  writes: [instancesBucket],
};

/** Every service that has a user of its own on the bus. */
export const serviceProfiles: readonly ServiceProfile[] = [
  registrarProfile,
  authProfile,
  edgeProfile,
  callRoutingProfile,
  mediaControlProfile,
  consoleProfile,
];
