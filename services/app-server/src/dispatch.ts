import { ApplicationAction } from '@callweave/contracts';
import { type Application } from './apps/application.ts';
import { CallRejectedError } from './errors.ts';

/** The applications of this server by the action that asks for them. */
export type Applications = Readonly<Partial<Record<ApplicationAction, Application>>>;

/** The application that `X-App-Action` asks for. Throws `CallRejectedError`: 404 for none, 501 for one not built. */
export function chooseApplication(header: string | undefined, applications: Applications): Application {
  const action = ApplicationAction.safeParse(header?.trim().toLowerCase());
  if (!action.success) throw new CallRejectedError('APP_UNKNOWN', 404, 'no such application');
  const application = applications[action.data];
  if (application === undefined) throw new CallRejectedError('APP_NOT_BUILT', 501, 'application not implemented');
  return application;
}
