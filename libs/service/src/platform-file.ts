import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/** What a running single-machine platform tells about itself in `platform.json` of its state directory. */
export const PlatformFile = z.object({
  /** The supervisor. */
  pid: z.number().int(),
  host: z.string(),
  /** The networks it is in, in the order in which the address for a peer is looked up; the last takes everybody else. */
  sides: z.array(
    z.object({
      name: z.enum(['public', 'private']),
      /** Where it listens. */
      listen: z.string(),
      /** What peers are told instead, for Contact, Via and media. */
      advertised: z.string(),
      /** The networks whose peers are on this side. */
      networks: z.array(z.string()),
    }),
  ),
  /** `host:port` of each edge, UDP and TCP. */
  sip: z.array(z.string()),
  /** Where browsers open websockets to the same edges. */
  ws: z.array(z.url()),
  /** What the engines of the edges listen at besides. */
  listeners: z
    .array(
      z.object({
        transports: z.array(z.string()),
        /** `host:port`. */
        listen: z.string(),
        /** What peers are told instead of the address, but for those in `networks`. */
        advertised: z.string(),
        networks: z.array(z.string()),
      }),
    )
    .default([]),
  /** The operator's access to the bus. */
  nats: z.object({ url: z.string(), user: z.string().optional(), password: z.string().optional() }),
  /** ng address of rtpengine; of several, separated by commas. */
  rtpengine: z.string(),
  /** Base URL of the receiver that traces are sent to; absent without one. */
  traces: z.string().optional(),
  /** The page of the console, and what signs in to it. */
  console: z.object({ url: z.string(), token: z.string() }),
  accounts: z.array(z.object({ user: z.string(), password: z.string(), domain: z.string() })),
  processes: z.array(z.object({ name: z.string(), pid: z.number().int(), httpPort: z.number().int().optional() })),
});
export type PlatformFile = z.infer<typeof PlatformFile>;

/** Who is told which address, in the order in which that is looked up. */
export function describeSides(sides: PlatformFile['sides']): string {
  return sides
    .map(({ networks, listen, advertised }) => {
      const who = networks.length === 0 ? 'everybody else' : networks.join(', ');
      return `${who} → ${advertised}${advertised === listen ? '' : ` (listens at ${listen})`}`;
    })
    .join('; ');
}

/** One more address that is listened at, and who is told what of it. */
export function describeListener({
  transports,
  listen,
  advertised,
  networks,
}: PlatformFile['listeners'][number]): string {
  const address = listen.slice(0, listen.lastIndexOf(':')).replace(/^\[|\]$/g, '');
  const others = advertised === address ? '' : ` → ${advertised}`;
  const inside = networks.length === 0 ? '' : `, for ${networks.join(', ')}${others === '' ? '' : ' as it is'}`;
  return `${transports.join('+')} ${listen}${others}${inside}`;
}

/** Name of the file in the state directory. */
export const PLATFORM_FILE = 'platform.json';

/** The platform whose state is in `stateDir`, or undefined when none runs there. */
export function readPlatformFile(stateDir: string): PlatformFile | undefined {
  let text: string;
  try {
    text = readFileSync(join(stateDir, PLATFORM_FILE), 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  return PlatformFile.parse(JSON.parse(text));
}
