import { BusUnavailableError, NoAnswerError, RequestFailedError } from '@callweave/bus';
import { type FastifyReply } from 'fastify';
import { type z } from 'zod';
import { type ProblemDetails } from '../api.ts';
import { Problem } from '../errors.ts';

const RETRY_SEC = '2';

/** The problem that an error amounts to; undefined when it is a defect of ours. */
export function problemOf(error: unknown): Problem | undefined {
  if (error instanceof Problem) return error;
  if (error instanceof BusUnavailableError || error instanceof NoAnswerError) {
    const what = error instanceof NoAnswerError ? 'nobody answers on the bus' : 'the bus is away';
    return new Problem('unavailable', 503, what, { 'retry-after': RETRY_SEC });
  }
  if (error instanceof RequestFailedError) return new Problem('refused', 502, error.description);
  if (error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number') {
    if (error.statusCode < 500) return new Problem('bad-request', error.statusCode, error.message);
  }
  return undefined;
}

/** Reads a query or a body. Throws a `Problem` that names every parameter that is wrong. */
export function read<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value ?? {});
  if (result.success) return result.data;
  const wrong = result.error.issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`);
  throw new Problem('bad-request', 400, wrong.join('; '));
}

/** Answers with `application/problem+json`, RFC 9457. */
export async function sendProblem(reply: FastifyReply, { code, status, message, headers }: Problem): Promise<void> {
  const body: ProblemDetails = {
    type: `urn:callweave:problem:${code}`,
    title: titles[code] ?? code,
    status,
    detail: message,
  };
  await reply.code(status).headers(headers).type('application/problem+json').send(JSON.stringify(body));
}

const titles: Readonly<Record<string, string>> = {
  'bad-request': 'The request is wrong',
  unauthorized: 'Sign in first',
  'wrong-token': 'That is not the token',
  'wrong-host': 'Not a name of this console',
  'not-found': 'There is nothing here',
  'too-many-readers': 'Too many event streams are open',
  unavailable: 'The platform cannot answer now',
  refused: 'The platform refused to answer',
  failed: 'The console failed',
};
