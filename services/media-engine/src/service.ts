import { startMediaEngine } from '@callweave/media-engine';
import { type RunningService, type ServiceContext } from '@callweave/service';
import { bundledSounds, type Config } from './config.ts';

/** The media engine as a process. */
export async function startMediaEngineProcess({ config, log, clock }: ServiceContext<Config>): Promise<RunningService> {
  const {
    eslHost,
    eslPort,
    eslPassword,
    sipHost,
    sipPort,
    rtpPorts,
    soundsDir = bundledSounds,
    peers,
    maxChannels,
  } = config;
  const engine = await startMediaEngine(
    {
      esl: { address: eslHost, port: eslPort, password: eslPassword.reveal() },
      sip: { address: sipHost, port: sipPort },
      rtp: { address: sipHost, ...rtpPorts },
      ...{ soundsDir, peers, limits: { maxChannels } },
    },
    { clock, log },
  );
  return {
    notReady: () => (engine.stats().calls >= maxChannels ? 'every channel is in use' : undefined),
    drain: () => engine.drain(),
    stop: () => engine.stop(),
  };
}
