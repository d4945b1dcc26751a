import { type ApplicationAction, type RouteTarget, User } from '@callweave/contracts';

/** What decides where an extension leads. */
export interface DialPlan {
  readonly applications: ReadonlyMap<string, ApplicationAction>;
  readonly ringSec: number;
}

export type Route =
  | { readonly kind: 'targets'; readonly targets: RouteTarget[] }
  | { readonly kind: 'reject'; readonly status: number; readonly reason?: string };

/** C0 controls and DEL: no account has them, and they are how a log is forged. */
// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u001f\u007f]/;

/** Where a dialled extension leads: to an application, else to the user of that name. RFC 3261 §16.5. */
export function routeExtension({ applications, ringSec }: DialPlan, dialled: string): Route {
  // 484 says that more digits may help; without any there is nothing to look up.
  if (dialled === '') return { kind: 'reject', status: 484 };
  const action = applications.get(dialled);
  if (action !== undefined) return { kind: 'targets', targets: [{ kind: 'application', action, params: {} }] };
  const user = User.safeParse(dialled);
  if (!user.success || CONTROL.test(dialled)) return { kind: 'reject', status: 404 };
  return { kind: 'targets', targets: [{ kind: 'user', user: user.data, ringSec }] };
}
