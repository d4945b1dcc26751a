import { z } from 'zod';

/** The part of JSON Schema that the reference pages read. */
export interface JsonSchema {
  readonly [key: string]: unknown;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly const?: unknown;
}

/** What a sender may write, as JSON Schema draft 7; unknown keys are neither promised nor forbidden. */
export function jsonSchema(schema: z.ZodType): JsonSchema {
  const described = z.toJSONSchema(schema, { target: 'draft-7', io: 'input', unrepresentable: 'any' });
  // The dialect belongs to a document of its own, not to a schema inside another document.
  return Object.fromEntries(Object.entries(described).filter(([key]) => key !== '$schema' && key !== '~standard'));
}

/** Field names of an object, optional ones with a question mark; a tagged union lists its members by tag. */
export function fieldsOf(schema: JsonSchema): string {
  const members = schema.oneOf ?? schema.anyOf;
  if (members !== undefined) return members.map(memberOf).join('; ');
  return Object.keys(schema.properties ?? {})
    .map((name) => (schema.required?.includes(name) === true ? name : `${name}?`))
    .join(', ');
}

function memberOf(member: JsonSchema): string {
  const { kind: tag, ...properties } = member.properties ?? {};
  const kind = tag?.const;
  if (typeof kind !== 'string') return fieldsOf(member);
  const fields = fieldsOf({ ...member, properties });
  return fields === '' ? kind : `${kind}: ${fields}`;
}
