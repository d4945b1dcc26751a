import { type LocalAudio } from '@callweave/sdp';
import { decodeUtf8, type SipRequest } from '@callweave/sip';
import { type Variables } from '../channel/variables.ts';
import { type AudioStream } from '../media/audio-stream.ts';
import { FRAME_MS, SAMPLE_RATE } from '../media/frame.ts';

/** What is told of a call's INVITE. */
export interface CallDescription {
  readonly request: SipRequest;
  readonly peer: string;
  readonly profile: string;
  /** Our own `address:port`. */
  readonly sip: string;
}

/** Longest header value that is told; it is repeated in every event of the call. */
const MAX_VALUE = 1_024;

/** Sets the variables clients read of how a call came in. */
export function describeCall(variables: Variables, { request, peer, profile, sip }: CallDescription): void {
  const set = (name: string, value: string): void => variables.set(name, decodeUtf8(value).slice(0, MAX_VALUE));
  set('direction', 'inbound');
  set('sip_call_id', request.callId);
  set('sip_from_tag', request.fromTag ?? '');
  set('sip_cseq', String(request.cseq.number));
  set('sip_network_ip', peer);
  set('sip_user_agent', request.headers.get('user-agent') ?? '');
  set('sofia_profile_name', profile);
  set('sofia_profile_url', `sip:mod_sofia@${sip}`);
  // Names of headers that begin with X- are the caller's own words to the application.
  request.headers.forEach((name, value) => {
    if (/^x-/i.test(name)) set(`sip_h_${name}`, value);
  });
  set('endpoint_disposition', 'ANSWER');
  set('playback_terminators', 'none');
  set('park_after_bridge', 'true');
  set('hangup_after_bridge', 'false');
}

/** What is told of the sound of a call. */
export interface MediaDescription {
  readonly stream: AudioStream;
  readonly local: LocalAudio;
  /** Our side as the other has been told it; left as it is when undefined. */
  readonly sdp?: string | undefined;
}

/** Sets the variables clients read of both ends of the sound. */
export function describeMedia(variables: Variables, { stream, local, sdp }: MediaDescription): void {
  const { agreed, ssrc } = stream;
  if (sdp !== undefined) variables.set('rtp_local_sdp_str', sdp);
  variables.set('local_media_ip', local.address);
  variables.set('local_media_port', String(local.port));
  variables.set('rtp_use_codec_string', local.codecs.join(','));
  variables.set('rtp_use_ssrc', String(ssrc));
  variables.set('dtmf_type', 'rfc2833');
  if (agreed === undefined) return;
  const { codec, remote, telephoneEvent, direction } = agreed;
  variables.set('remote_media_ip', remote?.address ?? '');
  variables.set('remote_media_port', remote === undefined ? '' : String(remote.port));
  variables.set('audio_media_flow', direction);
  variables.set('rtp_use_codec_name', codec.name);
  variables.set('rtp_use_codec_rate', String(SAMPLE_RATE));
  variables.set('rtp_use_codec_ptime', String(FRAME_MS));
  variables.set('rtp_use_pt', String(codec.payloadType));
  variables.set('read_codec', codec.name);
  variables.set('write_codec', codec.name);
  variables.set('rtp_2833_send_payload', telephoneEvent === undefined ? '' : String(telephoneEvent));
}
