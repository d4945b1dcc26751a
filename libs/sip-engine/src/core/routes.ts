import { type Headers } from '@callweave/sip';

/** A request's URI and its Route headers, as they go on the wire. */
export interface Routed {
  readonly uri: string;
  readonly routes: readonly string[];
}

/** The URI of a Route or Record-Route. */
export function routeUri(route: string): string {
  return /<([^>]*)>/.exec(route)?.[1] ?? route.trim();
}

/** Whether the hop with this URI leaves the Request-URI alone. RFC 3261 §19.1.1. */
export function isLooseRouter(uri: string): boolean {
  return /;lr(?:[;=]|$)/i.test(uri);
}

/** A strict router wants its own address as the Request-URI and the target as the last Route. RFC 3261 §12.2.1.1. */
export function routed(target: string, routeSet: readonly string[]): Routed {
  const [first, ...rest] = routeSet;
  if (first === undefined) return { uri: target, routes: routeSet };
  const hop = routeUri(first);
  return isLooseRouter(hop) ? { uri: target, routes: routeSet } : { uri: hop, routes: [...rest, `<${target}>`] };
}

/** The routes an application gives: only those of a dialog count, RFC 3261 §12.2.1.1. */
export function routesOf(headers: Headers): readonly string[] {
  return /;\s*tag\s*=/i.test(headers.get('to') ?? '') ? presetRoutes(headers) : [];
}

/** The routes it gives a request whose next hop it knows as well, RFC 3261 §8.1.2. */
export function presetRoutes(headers: Headers): readonly string[] {
  return splitAddresses(headers.joined('route') ?? '');
}

/** The addresses of a list header as written. */
export function splitAddresses(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let isQuoted = false;
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === '"' && text.charAt(at - 1) !== '\\') isQuoted = !isQuoted;
    else if (isQuoted) continue;
    else if (char === '<') depth++;
    else if (char === '>') depth--;
    else if (char === ',' && depth === 0) {
      parts.push(text.slice(start, at).trim());
      start = at + 1;
    }
  }
  parts.push(text.slice(start).trim());
  return parts.filter((part) => part !== '');
}
