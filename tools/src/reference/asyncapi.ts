import { CloudEvent, type EventType, type RequestType } from '@callweave/contracts';
import { type ContractSet, type Named } from './contracts.ts';
import { jsonSchema } from './schema.ts';

type Json = Readonly<Record<string, unknown>>;

/** docs/reference/asyncapi.json: requests and events as AsyncAPI 3.0, as the platform sees them. */
export function asyncApi(contracts: ContractSet, version: string): Json {
  const requests = contracts.requests.map(describeRequest);
  const events = contracts.events.map(describeEvent);
  const parts = [...requests, ...events];
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Callweave on NATS',
      version,
      description: 'Requests between services, and the events anyone may read. Generated from libs/contracts.',
      license: { name: 'MIT' },
    },
    defaultContentType: 'application/json',
    channels: Object.assign({}, ...parts.map(({ channels }) => channels)) as Json,
    operations: Object.assign({}, ...parts.map(({ operations }) => operations)) as Json,
    components: {
      messages: Object.assign({}, ...parts.map(({ messages }) => messages)) as Json,
      schemas: {
        CloudEvent: jsonSchema(CloudEvent),
        ...(Object.assign({}, ...parts.map(({ schemas }) => schemas)) as Json),
      },
    },
  };
}

interface Part {
  readonly channels: Json;
  readonly operations: Json;
  readonly messages: Json;
  readonly schemas: Json;
}

function describeRequest({ name, type }: Named<RequestType>): Part {
  const question = `${name}Request`;
  const answer = `${name}Response`;
  const answers = `${name}Reply`;
  return {
    channels: {
      [name]: {
        address: type.pattern,
        description: type.summary,
        ...parameters(type.pattern),
        messages: { [question]: ref('components/messages', question) },
      },
      // The reply subject is the requester's inbox, known only at run time.
      [answers]: { address: null, messages: { [answer]: ref('components/messages', answer) } },
    },
    operations: {
      [name]: {
        action: 'receive',
        summary: type.summary,
        description: `Answered by ${type.service}, one replica of the queue group.`,
        channel: ref('channels', name),
        messages: [ref(`channels/${name}/messages`, question)],
        reply: { channel: ref('channels', answers), messages: [ref(`channels/${answers}/messages`, answer)] },
      },
    },
    messages: { [question]: message(question), [answer]: message(answer) },
    schemas: { [question]: jsonSchema(type.request), [answer]: jsonSchema(type.response) },
  };
}

function describeEvent({ name, type }: Named<EventType>): Part {
  const data = `${name}Data`;
  return {
    channels: {
      [name]: {
        address: type.pattern,
        description: type.summary,
        ...parameters(type.pattern),
        messages: { [name]: ref('components/messages', name) },
      },
    },
    operations: {
      [name]: {
        action: 'send',
        summary: type.summary,
        channel: ref('channels', name),
        messages: [ref(`channels/${name}/messages`, name)],
      },
    },
    messages: {
      [name]: { ...message(name), contentType: 'application/cloudevents+json', summary: type.summary },
    },
    schemas: {
      [name]: {
        allOf: [
          ref('components/schemas', 'CloudEvent'),
          { type: 'object', properties: { type: { const: type.type }, data: ref('components/schemas', data) } },
        ],
      },
      [data]: jsonSchema(type.data),
    },
  };
}

function message(name: string): Json {
  return { name, payload: ref('components/schemas', name) };
}

function parameters(pattern: string): Json {
  const names = [...pattern.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '');
  if (names.length === 0) return {};
  return { parameters: Object.fromEntries(names.map((name) => [name, { description: `${name}, escaped` }])) };
}

function ref(section: string, name: string): Json {
  return { $ref: `#/${section}/${name}` };
}
