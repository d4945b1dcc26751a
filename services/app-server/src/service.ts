import { MediaServer } from '@callweave/mrf';
import { type RunningService, type ServiceContext } from '@callweave/service';
import { EngineLink } from '@callweave/srf';
import { gauge } from '@callweave/telemetry';
import { echo } from './apps/echo.ts';
import { playback } from './apps/playback.ts';
import { type Config } from './config.ts';
import { handleInvite } from './handle-invite.ts';
import { optionsHandler } from './handle-options.ts';
import { MediaConnection } from './media-connection.ts';
import { activeSessions } from './metrics.ts';
import { type Dialog } from './sip/dialog.ts';
import { Dialogs } from './sip/dialogs.ts';

/** How often a draining server looks whether it is done. */
const DRAIN_CHECK_MS = 100;

/** The composition root: the only file that knows which part is given to which. */
export function startAppServer({ config, log, clock }: ServiceContext<Config>): Promise<RunningService> {
  const { engine, engineSecret, mediaServer, mediaPassword, mediaProfile, listenHost, playbackFile } = config;
  const sessions = new Set<Dialog>();
  let isDraining = false;
  const link = new EngineLink({ address: engine, secret: engineSecret.reveal(), clock, log });
  const dialogs = new Dialogs(link, clock);
  const [host = '', port = ''] = mediaServer.split(/:(?=\d+$)/);
  const media = new MediaConnection({
    ...{ clock, log },
    connect: () =>
      MediaServer.connect(
        {
          ...{ address: host, port: Number(port), password: mediaPassword.reveal() },
          ...{ profile: mediaProfile, listenAddress: listenHost },
        },
        { dialer: dialogs, timers: clock },
      ),
  });
  link.onRequest(
    'INVITE',
    handleInvite({
      ...{ dialogs, sessions, clock, log },
      applications: { echo, playback: playback(playbackFile) },
      mediaServer: () => media.server,
      isDraining: () => isDraining,
    }),
  );
  link.onRequest('OPTIONS', optionsHandler({ dialogs, isReady: () => !isDraining && media.server !== undefined }));
  gauge(activeSessions, () => sessions.size);
  link.connect();
  media.open();

  return Promise.resolve({
    notReady: () => link.notReady() ?? (media.server === undefined ? 'no connection to the media server' : undefined),
    drain: () => {
      isDraining = true;
      return new Promise((resolve) => {
        const check = (): void => {
          if (sessions.size === 0) resolve();
          else clock.after(DRAIN_CHECK_MS, check);
        };
        check();
      });
    },
    stop: () => {
      for (const dialog of sessions) dialog.giveUp();
      media.close();
      link.close();
      return Promise.resolve();
    },
  });
}
