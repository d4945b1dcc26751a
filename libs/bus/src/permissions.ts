import { DEFAULT_ANSWER_SEC, instancesBucket, type ServiceProfile, streams, subjectToken } from '@callweave/contracts';
import { inboxPrefix } from './connection.ts';

/** Permissions of one NATS user, in the shape of nats-server's configuration. */
export interface NatsPermissions {
  readonly publish: { readonly allow: readonly string[] };
  readonly subscribe: { readonly allow: readonly string[] };
  /**
   * One answer to each question, so late at most. The server looks through all questions of that time, answered or not,
   * once a second, so the two minutes that it takes by itself cost it more the more is asked.
   */
  readonly allow_responses?: { readonly max: 1; readonly expires: string };
}

/** Exactly what a service's profile says, as subjects; whatever is not listed the server refuses. */
export function natsPermissions(profile: ServiceProfile): NatsPermissions {
  const publish = new Set<string>(['$JS.API.INFO']);
  const subscribe = new Set<string>([`${inboxPrefix(profile.name)}.>`]);
  for (const type of profile.serves) {
    subscribe.add(type.filter);
    subscribe.add(`${type.filter}.*`);
  }
  // Micro services are found by these; a service that asks by name needs no more than its own subjects.
  if (profile.serves.length > 0) for (const verb of ['PING', 'INFO', 'STATS']) addDiscovery(subscribe, verb);
  for (const type of profile.asks) {
    publish.add(type.filter);
    publish.add(`${type.filter}.*`);
  }
  for (const event of profile.publishes) publish.add(event.filter);
  for (const bucket of profile.reads) for (const subject of readSubjects(`KV_${bucket.name}`)) publish.add(subject);
  for (const bucket of profile.writes) {
    publish.add(bucket === instancesBucket ? ownLeases(profile.name) : `$KV.${bucket.name}.>`);
    publish.add(`$JS.API.STREAM.MSG.DELETE.KV_${bucket.name}`);
  }
  for (const { event, durable } of profile.consumes) {
    const stream = streams.find(({ events }) => events.includes(event));
    if (stream !== undefined) for (const subject of consumeSubjects(stream.name, durable)) publish.add(subject);
  }
  for (const { name } of profile.follows ?? []) for (const subject of followSubjects(name)) publish.add(subject);
  const allowed = { publish: { allow: [...publish] }, subscribe: { allow: [...subscribe] } };
  if (profile.serves.length === 0) return allowed;
  const { answersWithinSec = DEFAULT_ANSWER_SEC } = profile;
  return { ...allowed, allow_responses: { max: 1, expires: `${String(answersWithinSec)}s` } };
}

/** A service announces its own processes and nobody else's. */
function ownLeases(service: string): string {
  return `$KV.${instancesBucket.name}.${subjectToken(service)}.*`;
}

function addDiscovery(subscribe: Set<string>, verb: string): void {
  subscribe.add(`$SRV.${verb}`);
  subscribe.add(`$SRV.${verb}.>`);
}

function readSubjects(stream: string): string[] {
  return [
    `$JS.API.DIRECT.GET.${stream}.>`,
    `$JS.API.STREAM.MSG.GET.${stream}`,
    `$JS.API.STREAM.INFO.${stream}`,
    `$JS.API.CONSUMER.CREATE.${stream}`,
    `$JS.API.CONSUMER.CREATE.${stream}.>`,
    `$JS.API.CONSUMER.INFO.${stream}.>`,
    `$JS.API.CONSUMER.DELETE.${stream}.>`,
    `$JS.FC.${stream}.>`,
  ];
}

function followSubjects(stream: string): string[] {
  return [
    `$JS.API.STREAM.INFO.${stream}`,
    `$JS.API.CONSUMER.CREATE.${stream}.*`,
    `$JS.API.CONSUMER.INFO.${stream}.*`,
    `$JS.API.CONSUMER.MSG.NEXT.${stream}.*`,
    `$JS.API.CONSUMER.DELETE.${stream}.*`,
  ];
}

function consumeSubjects(stream: string, durable: string): string[] {
  return [
    `$JS.API.STREAM.INFO.${stream}`,
    `$JS.API.CONSUMER.INFO.${stream}.${durable}`,
    `$JS.API.CONSUMER.MSG.NEXT.${stream}.${durable}`,
    `$JS.ACK.${stream}.${durable}.>`,
  ];
}
