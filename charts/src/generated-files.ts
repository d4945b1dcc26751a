import { natsPermissions } from '@callweave/bus';
import { serviceProfiles } from '@callweave/contracts';
import { z } from 'zod';
import { chartValues } from './values.ts';

/** Files of the charts that are generated, by path from the root of the repository, as they should be now. */
export function generatedChartFiles(): Map<string, string> {
  const schemas = [...chartValues].map(([chart, values]): [string, string] => {
    const schema = { $comment: 'Generated from charts/src by `npm run generate`.', ...jsonSchema(values) };
    return [`charts/${chart}/values.schema.json`, text(schema)];
  });
  const users = serviceProfiles.map((profile) => ({ user: profile.name, permissions: natsPermissions(profile) }));
  return new Map([...schemas, ['charts/nats/files/users.json', text(users)]]);
}

function jsonSchema(values: z.ZodType): object {
  return z.toJSONSchema(values, { target: 'draft-7', io: 'input' });
}

function text(content: unknown): string {
  return `${JSON.stringify(content, undefined, 2)}\n`;
}
