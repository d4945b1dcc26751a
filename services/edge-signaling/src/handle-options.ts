import { type RequestHandler } from '@callweave/srf';
import { abilities } from './abilities.ts';
import { unavailable } from './unavailable.ts';

/** Answers the OPTIONS by which phones, carriers and load balancers see whether we are there. RFC 3261 §11.2. */
export function optionsHandler(notReady: () => string | undefined): RequestHandler {
  return (request) =>
    notReady() === undefined
      ? request.reply({
          status: 200,
          headers: {
            ...abilities,
            Supported: `100rel, path, timer, ${abilities.Supported}`,
            Accept: 'application/sdp, text/plain',
          },
        })
      : request.reply(unavailable());
}
