import { fileURLToPath } from 'node:url';
import { type ConfigOf, defineConfig, env, port, secret } from '@callweave/service';
import { z } from 'zod';

const ipv4 = z.ipv4('expected an IPv4 address');

/** `16384-32767`, or 0 for whatever the operating system gives. */
const portRange = z
  .string()
  .regex(/^(0|\d{1,5}-\d{1,5})$/, 'expected MIN-MAX or 0')
  .transform((text) => {
    const [minPort = 0, maxPort = 0] = text.split('-').map(Number);
    return { minPort, maxPort };
  })
  .refine(({ minPort, maxPort }) => minPort <= maxPort && maxPort <= 65_535, 'no range of ports');

const networks = z
  .string()
  .transform((text) => text.split(',').map((one) => one.trim()))
  .pipe(z.array(z.union([z.cidrv4(), z.cidrv6()], 'expected networks as 10.0.0.0/8, separated by commas')).min(1));

/** The sounds that come with the product. */
export const bundledSounds = fileURLToPath(new URL('../sounds', import.meta.url));

export const config = defineConfig({
  eslHost: env('CALLWEAVE_MEDIA_ESL_HOST', ipv4.default('127.0.0.1').describe('Address of the event socket.')),
  eslPort: env('CALLWEAVE_MEDIA_ESL_PORT', port.default(8_021).describe('Port of the event socket.')),
  eslPassword: env('CALLWEAVE_MEDIA_ESL_PASSWORD', secret.describe('Password of event socket clients.')),
  sipHost: env(
    'CALLWEAVE_MEDIA_SIP_HOST',
    ipv4.default('127.0.0.1').describe('Address of SIP and of media, as callers reach it.'),
  ),
  sipPort: env('CALLWEAVE_MEDIA_SIP_PORT', port.default(5_080).describe('Port of SIP over UDP and TCP.')),
  rtpPorts: env(
    'CALLWEAVE_MEDIA_RTP_PORTS',
    portRange
      .default({ minPort: 16_384, maxPort: 32_767 })
      .describe('Ports of media, MIN-MAX; a call takes an even one. 0 lets the operating system choose.'),
  ),
  soundsDir: env(
    'CALLWEAVE_MEDIA_SOUNDS_DIR',
    z
      .string()
      .optional()
      .describe('Directory of the sounds with relative names, mono WAV of 8 kHz; those of the product unless given.'),
  ),
  peers: env(
    'CALLWEAVE_MEDIA_PEERS',
    networks
      .default(['127.0.0.0/8', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'])
      .describe('Networks whose hosts may use this server, and be called back by it.'),
  ),
  maxChannels: env(
    'CALLWEAVE_MEDIA_MAX_CHANNELS',
    z.coerce.number().int().min(1).max(20_000).default(1_000).describe('Calls at a time; beyond them 503.'),
  ),
});
export type Config = ConfigOf<typeof config>;
