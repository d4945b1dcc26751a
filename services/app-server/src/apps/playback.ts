import { SoundNotFoundError } from '@callweave/mrf';
import { CallRejectedError } from '../errors.ts';
import { type Application, type AppSession } from './application.ts';

/** A name below the media server's directory of sounds; nothing else of its disk can be heard. */
const SOUND_NAME = /^(?!.*\.\.)[\w-][\w./-]{0,254}$/;

/** `playback`: plays `X-App-File`, or `defaultFile`, to its end. */
export function playback(defaultFile: string): Application {
  const fileOf = (param: AppSession['param']): string => param('file') ?? defaultFile;
  return {
    check: (param) => {
      if (!SOUND_NAME.test(fileOf(param))) throw new CallRejectedError('APP_PARAMETER', 404, 'no name of a sound');
    },
    run: async ({ endpoint, param, log }) => {
      try {
        const { playedMs } = await endpoint.play(fileOf(param));
        log.info('playback.done', { playedMs });
      } catch (error) {
        if (!(error instanceof SoundNotFoundError)) throw error;
        log.warn('playback.no-such-sound', { sound: error.sound });
      }
    },
  };
}
