import { type ConfigOf, defineConfig, env, hostPort, secret } from '@callweave/service';
import { z } from 'zod';

export const config = defineConfig({
  engine: env(
    'CALLWEAVE_ENGINE',
    hostPort.default('127.0.0.1:9023').describe('Control port of the side-car SIP engine.'),
  ),
  engineSecret: env('CALLWEAVE_ENGINE_SECRET', secret.describe('Secret the engine asks its applications for.')),
  mediaServer: env(
    'CALLWEAVE_MEDIA_SERVER',
    hostPort.default('127.0.0.1:8021').describe('Event socket of the media server: media-engine or FreeSWITCH.'),
  ),
  mediaPassword: env('CALLWEAVE_MEDIA_ESL_PASSWORD', secret.describe('Password of that event socket.')),
  mediaProfile: env(
    'CALLWEAVE_MEDIA_PROFILE',
    z.string().min(1).default('drachtio_mrf').describe('SIP profile of the media server that takes our calls.'),
  ),
  listenHost: env(
    'CALLWEAVE_APP_LISTEN_HOST',
    z.ipv4().default('127.0.0.1').describe('Address at which the media server connects to us, once for each call.'),
  ),
  playbackFile: env(
    'CALLWEAVE_APP_PLAYBACK_FILE',
    z.string().min(1).default('melody.wav').describe('What `playback` plays when the call names nothing.'),
  ),
});
export type Config = ConfigOf<typeof config>;
