import { type Reply, type RequestHandler } from '@callweave/srf';
import { type Dialogs } from './sip/dialogs.ts';

export interface OptionsDeps {
  readonly dialogs: Pick<Dialogs, 'has' | 'hasEnded'>;
  /** Whether a new caller could be served. */
  readonly isReady: () => boolean;
}

const unavailable: Reply = { status: 503, headers: { 'Retry-After': '5' } };

/**
 * Answers OPTIONS: to an edge that names a call in `X-App-Dialog` whether it is still here, 410 if it has ended and 481 if
 * nothing is known of it; to anybody else whether there is room for one.
 */
export function optionsHandler({ dialogs, isReady }: OptionsDeps): RequestHandler {
  return async (request) => {
    const asked = request.header('x-app-dialog');
    if (asked !== undefined)
      await request.reply({ status: dialogs.has(asked) ? 200 : dialogs.hasEnded(asked) ? 410 : 481 });
    else await request.reply(isReady() ? { status: 200 } : unavailable);
  };
}
