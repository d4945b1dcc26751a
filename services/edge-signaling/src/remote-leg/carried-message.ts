import { type HeaderValues, type ReadableMessage } from '@callweave/srf';

/** Those headers of a message that another edge may need, by lower-case name. */
export function carriedHeaders(message: ReadableMessage, names: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name of names) {
    const value = message.header(name);
    if (value !== undefined) headers[name] = value;
  }
  return headers;
}

/** The message at the other edge. */
export function carriedMessage(headers: Readonly<Record<string, string>>, body: string | undefined): ReadableMessage {
  return { header: (name) => headers[name.toLowerCase()], body };
}

/** Headers as a contract has them. */
export function writable(headers: HeaderValues): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, typeof value === 'string' ? value : [...value]]),
  );
}
