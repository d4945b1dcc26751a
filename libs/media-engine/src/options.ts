/** How a media engine is to run. */
export interface MediaEngineOptions {
  /** Where event socket clients connect. Port 0 takes any free port. */
  readonly esl: { readonly address: string; readonly port: number; readonly password: string };
  /** Where SIP is listened for; an IPv4 address, which is also told to peers. Port 0 takes any free port. */
  readonly sip: { readonly address: string; readonly port: number };
  /** Where sound is sent from. `min` 0 lets the operating system choose ports. */
  readonly rtp: { readonly address: string; readonly minPort: number; readonly maxPort: number };
  /** Directory of the sounds with relative names. */
  readonly soundsDir: string;
  /** Networks whose hosts may use this server, and be called back by it, as `10.0.0.0/8`. */
  readonly peers: readonly string[];
  /** The name of the SIP profile, as clients look for it in `sofia status`. */
  readonly profile?: string | undefined;
  readonly limits?: Partial<MediaEngineLimits> | undefined;
}

/** Bounds on everything a stranger can make grow. */
export interface MediaEngineLimits {
  /** Calls at a time; beyond them 503. */
  readonly maxChannels: number;
  /** Event socket clients at a time; beyond them the connection is closed. */
  readonly maxClients: number;
  /** A client that has not given its password by then is gone. */
  readonly authenticateMs: number;
  /** How long a call waits for its application to take the connection to it. */
  readonly connectMs: number;
}

/** 200 calls take a fifth of a core, so that 1,000 are about what one process can do; the rest is generous. */
export const defaultLimits: MediaEngineLimits = {
  maxChannels: 1_000,
  maxClients: 1_000,
  authenticateMs: 10_000,
  connectMs: 2_000,
};

/** The profile drachtio-fsmrf asks for unless told otherwise. */
export const DEFAULT_PROFILE = 'drachtio_mrf';

/** What clients are told to talk to. */
export const ENGINE_NAME = 'Callweave media engine';
