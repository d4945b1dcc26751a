import { type CallSource, type RouteTarget, type User } from '@callweave/contracts';

/** Whose account a call comes from; an application has none. */
export function userOf(source: CallSource): User | undefined {
  return source.kind === 'user' ? source.user : undefined;
}

/** What the events call a target. */
export function describe(target: RouteTarget): string {
  return target.kind === 'user' ? `user:${target.user.slice(0, 256)}` : `application:${target.action}`;
}
