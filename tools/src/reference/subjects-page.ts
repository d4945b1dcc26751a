import { type ServiceProfile } from '@callweave/contracts';
import { type ContractSet } from './contracts.ts';
import { code, page, table } from './markdown.ts';
import { fieldsOf, jsonSchema } from './schema.ts';

/** docs/reference/subjects.md: everything that crosses the bus, and who may say it. */
export function subjectsPage(contracts: ContractSet, profiles: readonly ServiceProfile[]): string {
  return page(
    'Subjects, streams and buckets',
    'What the services say to each other over NATS. Tokens in braces are escaped: see `subjectToken` in ' +
      '`libs/contracts`. Full schemas: [asyncapi.json](asyncapi.json).',
    section('Requests', requests(contracts, profiles)),
    section('Events', events(contracts, profiles)),
    section('Streams', streams(contracts)),
    section('Buckets', buckets(contracts, profiles)),
    section('Who may do what', permissions(profiles)),
  );
}

function section(title: string, text: string): string {
  return `## ${title}\n\n${text}`;
}

function requests({ requests }: ContractSet, profiles: readonly ServiceProfile[]): string {
  const rows = requests.map(({ type }) => [
    code(type.pattern),
    type.summary,
    type.service,
    names(profiles, ({ asks }) => asks.includes(type)),
    code(fieldsOf(jsonSchema(type.request))),
    code(fieldsOf(jsonSchema(type.response))),
  ]);
  const intro =
    'One answer each, from a queue group; with the instance id as a last token the same question goes to one replica.';
  return `${intro}\n\n${table(['Subject', 'Asks', 'Answered by', 'Asked by', 'Request', 'Answer'], rows)}`;
}

function events({ events, streams }: ContractSet, profiles: readonly ServiceProfile[]): string {
  const rows = events.map(({ type }) => [
    code(type.pattern),
    type.summary,
    names(profiles, ({ publishes }) => publishes.includes(type)),
    names(
      profiles,
      ({ consumes, follows = [] }) =>
        consumes.some(({ event }) => event === type) || follows.some(({ events }) => events.includes(type)),
    ),
    code(streams.find((stream) => stream.type.events.includes(type))?.type.name ?? ''),
    code(fieldsOf(jsonSchema(type.data))),
  ]);
  const intro = 'CloudEvents 1.0, structured JSON; the fields are those of `data`. Delivered at least once.';
  return `${intro}\n\n${table(['Subject', 'Tells', 'Published by', 'Read by', 'Stream', 'Data'], rows)}`;
}

function streams({ streams }: ContractSet): string {
  const rows = streams.map(({ type }) => [
    code(type.name),
    type.summary,
    type.events.map((event) => code(event.filter)).join(', '),
    age(type.maxAgeSec),
    String(type.maxMessages),
  ]);
  return table(['Stream', 'Keeps', 'Subjects', 'For', 'At most, messages'], rows);
}

function buckets({ buckets }: ContractSet, profiles: readonly ServiceProfile[]): string {
  const rows = buckets.map(({ type }) => [
    code(type.name),
    type.summary,
    code(type.pattern),
    names(profiles, ({ reads }) => reads.includes(type)),
    names(profiles, ({ writes }) => writes.includes(type)),
    age(type.maxAgeSec),
    code(fieldsOf(jsonSchema(type.value))),
  ]);
  return table(['Bucket', 'Holds', 'Key', 'Read by', 'Written by', 'Dropped after', 'Value'], rows);
}

function permissions(profiles: readonly ServiceProfile[]): string {
  const patterns = (types: readonly { pattern: string }[]): string =>
    types.map(({ pattern }) => code(pattern)).join('<br>') || '–';
  const buckets = (types: readonly { name: string }[]): string => types.map(({ name }) => code(name)).join(', ') || '–';
  const rows = profiles.map(({ name, serves, asks, publishes, consumes, follows = [], reads, writes }) => [
    name,
    patterns(serves),
    patterns(asks),
    patterns(publishes),
    patterns(consumes.map(({ event }) => event)),
    buckets(follows),
    buckets(reads),
    buckets(writes),
  ]);
  const intro = 'Each service has a NATS user and an inbox prefix of its own; its permissions are generated from this.';
  return `${intro}\n\n${table(['Service', 'Answers', 'Asks', 'Publishes', 'Consumes', 'Follows', 'Reads', 'Writes'], rows)}`;
}

function names(profiles: readonly ServiceProfile[], has: (profile: ServiceProfile) => boolean): string {
  const found = profiles.filter(has).map(({ name }) => name);
  return found.length === 0 ? '–' : found.join(', ');
}

function age(seconds: number): string {
  if (seconds === 0) return 'never';
  return seconds % 3600 === 0 ? `${seconds / 3600} h` : `${seconds} s`;
}
