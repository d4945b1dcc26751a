import { type MediaEndpoint } from '@callweave/mrf';
import { type Logger } from '@callweave/telemetry';

/** What an application works with, once its call is answered. */
export interface AppSession {
  readonly endpoint: Pick<MediaEndpoint, 'play' | 'execute'>;
  /** The value of the header `X-App-<name>`. */
  readonly param: (name: string) => string | undefined;
  readonly log: Logger;
}

/** An application: resolves when it is done with the call, which is then ended. */
export interface Application {
  /** Looks at the call before it is answered. Throws `CallRejectedError`. */
  check?(param: AppSession['param']): void;
  run(session: AppSession): Promise<void>;
}
