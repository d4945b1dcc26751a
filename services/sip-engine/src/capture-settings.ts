import { isIPv6 } from 'node:net';
import { type CaptureOptions } from '@callweave/sip-engine';
import { type SettingReader } from './log-settings.ts';

const HEP_PORT = 9060;

/** Reads `--homer` and what belongs to it; undefined when messages go nowhere else. */
export function readCaptureSettings(settings: SettingReader): CaptureOptions | undefined {
  const version = settings.text('homer-hep-version');
  if (version !== undefined && version !== '3') settings.wrong('homer-hep-version', 'must be 3');
  const place = settings.text('homer');
  if (place === undefined) return undefined;
  const [, given, own] = isIPv6(place) ? [place, place] : (/^(\[[^\]]+\]|[^:\s]+)(?::(\d{1,5}))?$/.exec(place) ?? []);
  const host = given?.replace(/^\[|\]$/g, '');
  const port = own === undefined ? (settings.port('homer-port') ?? HEP_PORT) : Number(own);
  if (host === undefined || port > 65_535) settings.wrong('homer', 'is neither a host nor host:port');
  const agentId = settings.positive('homer-id');
  if (agentId === undefined) settings.wrong('homer', 'needs --homer-id');
  return host === undefined || agentId === undefined ? undefined : { host, port, agentId };
}
