import { type ProblemDetails } from '../src/api.ts';

/** The console refused a question, or could not be asked (`status` 0). */
export class ApiError extends Error {
  readonly code = 'API';
  readonly status: number;

  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ApiError';
    this.status = status;
  }
}

/** Asks the API. Throws `ApiError`. */
export async function get<T>(path: string, query: Readonly<Record<string, string | undefined>> = {}): Promise<T> {
  return (await (await ask('GET', withQuery(path, query))).json()) as T;
}

/** Where an API path is, with the parts of `query` that are given. */
export function withQuery(path: string, query: Readonly<Record<string, string | undefined>>): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) params.set(name, value);
  const text = params.toString();
  return `api/v1/${path}${text === '' ? '' : `?${text}`}`;
}

/** Trades the token for a session cookie. Throws `ApiError`. */
export async function signIn(token: string): Promise<void> {
  await ask('POST', 'api/v1/session', JSON.stringify({ token }));
}

/** Whether we may see anything. Throws `ApiError` when the console cannot be asked. */
export async function isSignedIn(): Promise<boolean> {
  try {
    await ask('GET', 'api/v1/session');
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return false;
    throw error;
  }
}

async function ask(method: string, url: string, body?: string): Promise<Response> {
  let response: Response;
  try {
    const headers = body === undefined ? undefined : { 'content-type': 'application/json' };
    response = await fetch(url, { method, ...(body === undefined ? {} : { body }), ...(headers ? { headers } : {}) });
  } catch (error) {
    throw new ApiError(0, 'the console cannot be reached', { cause: error });
  }
  if (response.ok) return response;
  throw new ApiError(response.status, await detailOf(response));
}

async function detailOf(response: Response): Promise<string> {
  if (response.headers.get('content-type')?.startsWith('application/problem+json') !== true) return response.statusText;
  const { title, detail } = (await response.json()) as ProblemDetails;
  return detail ?? title;
}
