import { type RequestHandler } from '@callweave/srf';

/** Answers the OPTIONS by which phones, carriers and load balancers see whether we are there. RFC 3261 §11.2. */
export function optionsHandler(notReady: () => string | undefined): RequestHandler {
  return (request) =>
    notReady() === undefined
      ? request.reply({
          status: 200,
          headers: {
            Allow: 'ACK, BYE, CANCEL, INFO, INVITE, MESSAGE, NOTIFY, OPTIONS, PRACK, REGISTER, SUBSCRIBE, UPDATE',
            Accept: 'application/sdp, text/plain',
            Supported: '100rel, path, timer',
          },
        })
      : request.reply({ status: 503, headers: { 'Retry-After': '5' } });
}
