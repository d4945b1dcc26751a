import { type MediaProfile } from '@callweave/contracts';

/** What a party that sent this SDP needs of ours: DTLS-SRTP is a browser's, RFC 8827 §6.5. */
export function profileOfSdp(sdp: string): MediaProfile {
  return /^m=\S+ \S+ (?:UDP|TCP)\/TLS\/RTP\/SAVPF? /m.test(sdp) ? 'webrtc' : 'rtp';
}

/** What a device needs that registered over `transport`: only browsers speak SIP over websockets. */
export function profileOfTransport(transport: string | undefined): MediaProfile {
  return transport === 'ws' || transport === 'wss' ? 'webrtc' : 'rtp';
}
