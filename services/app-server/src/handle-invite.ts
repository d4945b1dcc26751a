import { type Clock, sleep } from '@callweave/clock';
import { EndpointRefusedError, type MediaEndpoint, type MediaServer } from '@callweave/mrf';
import {
  answerInSpan,
  type IncomingRequest,
  type RequestHandler,
  ResponseNotSentError,
  SIP_TRACE_HEADER,
} from '@callweave/srf';
import { counter, ignore, type Logger, withSpan } from '@callweave/telemetry';
import { type Application } from './apps/application.ts';
import { type Applications, chooseApplication } from './dispatch.ts';
import { CallRejectedError } from './errors.ts';
import { callsAnswered } from './metrics.ts';
import { type Dialog, hasStatus } from './sip/dialog.ts';
import { type Dialogs } from './sip/dialogs.ts';

export interface InviteDeps {
  readonly applications: Applications;
  readonly dialogs: Pick<Dialogs, 'accept'>;
  /** The media server; undefined while there is none. */
  readonly mediaServer: () => Pick<MediaServer, 'createEndpoint'> | undefined;
  readonly isDraining: () => boolean;
  /** Calls in hand are added, and removed when they are over. */
  readonly sessions: Set<Dialog>;
  readonly clock: Clock;
  readonly log: Logger;
}

const RETRY_AFTER = { 'Retry-After': '5' };
/** Why a media server hangs up that ends; of one that is gone there is no cause. */
const SHUTDOWNS: readonly (string | undefined)[] = ['SYSTEM_SHUTDOWN', 'SERVICE_UNAVAILABLE', undefined];
/** A media server says that an application is over before it says that the call is. */
const LAST_WORD_MS = 100;

/** Answers INVITEs: chooses the application, makes an endpoint on the media server, and runs the one on the other. */
export function handleInvite(deps: InviteDeps): RequestHandler {
  const answered = counter(callsAnswered);
  const handle: RequestHandler = async (invite) => {
    const log = deps.log.child({ callId: invite.header('call-id') });
    try {
      const application = admit(invite, deps);
      const endpoint = await createEndpoint(invite, deps, log);
      if (endpoint === undefined) return;
      answered.add(1, { status: '200' });
      await serve(invite, { ...deps, log }, application, endpoint);
    } catch (error) {
      if (!hasStatus(error) || error instanceof ResponseNotSentError) throw error;
      const status = error instanceof EndpointRefusedError ? callerStatus(error) : error.status;
      answered.add(1, { status: String(status) });
      log.warn('call.rejected', { status, err: error });
      await invite.reply({ status, headers: status === 503 ? RETRY_AFTER : {} });
    }
  };
  // Edges alone reach us, so the trace is one of ours.
  return (invite) => answerInSpan(invite, { parent: invite.header(SIP_TRACE_HEADER) }, handle);
}

function admit(invite: IncomingRequest, { applications, isDraining }: InviteDeps): Application {
  if (isDraining()) throw new CallRejectedError('DRAINING', 503, 'draining');
  const application = chooseApplication(invite.header('x-app-action'), applications);
  application.check?.((name) => invite.header(`x-app-${name}`));
  return application;
}

/** An endpoint for the caller; undefined when the caller has given up meanwhile. */
async function createEndpoint(
  invite: IncomingRequest,
  { mediaServer }: InviteDeps,
  log: Logger,
): Promise<MediaEndpoint | undefined> {
  if (invite.body === undefined) throw new CallRejectedError('NO_OFFER', 488, 'no offer in the INVITE');
  const server = mediaServer();
  if (server === undefined) throw new CallRejectedError('NO_MEDIA_SERVER', 503, 'no media server');
  const caller = { hasCancelled: false };
  invite.onCancel(() => {
    caller.hasCancelled = true;
  });
  const endpoint = await server.createEndpoint(invite.body);
  if (!caller.hasCancelled) return endpoint;
  log.info('call.cancelled');
  await endpoint.destroy();
  return undefined;
}

async function serve(
  invite: IncomingRequest,
  { dialogs, sessions, clock, log }: InviteDeps,
  application: Application,
  endpoint: MediaEndpoint,
): Promise<void> {
  const release = (): void => {
    endpoint.destroy().catch((error: unknown) => ignore(log, error, 'the media server ends calls it cannot reach'));
  };
  let dialog: Dialog;
  try {
    dialog = await dialogs.accept(invite, endpoint.localSdp, { onOffer: (sdp) => endpoint.modify(sdp) });
  } catch (error) {
    release();
    throw error;
  }
  sessions.add(dialog);
  log.info('call.answered', { endpoint: endpoint.uuid });
  dialog.onEnded(() => {
    sessions.delete(dialog);
    log.info('call.over');
    release();
  });
  endpoint.onGone((reason) => {
    log.info('endpoint.gone', { reason });
    if (SHUTDOWNS.includes(reason)) dialog.giveUp();
    else dialog.hangUp();
  });
  try {
    await withSpan(`application ${invite.header('x-app-action') ?? ''}`, {}, () =>
      application.run({ endpoint, param: (name) => invite.header(`x-app-${name}`), log }),
    );
  } catch (error) {
    log.error('application.failed', { err: error });
  } finally {
    if (!dialog.isOver) await sleep(clock, LAST_WORD_MS);
    dialog.hangUp();
  }
}

/** The caller's own mistakes are told to the caller; everything else is between us and the media server. */
function callerStatus({ status }: EndpointRefusedError): number {
  return status === 488 || status === 400 ? status : 503;
}
