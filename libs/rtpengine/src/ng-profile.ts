import { type BencodeDictionary } from './bencode.ts';

/** What the leg that gets a session description can do with media. */
export type NgProfile = 'rtp' | 'webrtc';

/** Flags of every offer and answer. */
const always = {
  /** The address in the SDP counts, also on a node started with `--sip-source`: it sees no SIP and no source address. */
  flags: ['trust-address'],
  /**
   * Neither side learns the other's address: `o=` and the session's `c=` name the node, media's `c=` always does.
   * `SDP-version` raises the version in `o=` whenever what is sent differs from what was sent before (RFC 3264 §8).
   */
  replace: ['origin', 'session-connection', 'SDP-version'],
} as const;

/** What the leg an SDP goes to needs. The node converts to it, whatever the other side speaks. */
const byProfile: Readonly<Record<NgProfile, BencodeDictionary>> = {
  /** Plain RTP: no ICE, no encryption, RTCP on a port of its own even when the other side multiplexes. */
  rtp: { ICE: 'remove', 'transport-protocol': 'RTP/AVP', 'rtcp-mux': ['demux'] },
  /** RFC 8827 and 8834: ICE, DTLS-SRTP alone (no keys in the SDP), RTP and RTCP on one port. */
  webrtc: {
    ICE: 'force',
    'transport-protocol': 'UDP/TLS/RTP/SAVPF',
    'rtcp-mux': ['offer', 'require'],
    SDES: ['off'],
  },
};

/** The keys of an `offer` or `answer` command whose SDP goes to a leg of `profile`, shown the certificate by `dtlsHash`. */
export function profileFlags(profile: NgProfile, dtlsHash?: string): BencodeDictionary {
  const hash = dtlsHash === undefined || profile === 'rtp' ? {} : { 'DTLS-fingerprint': dtlsHash };
  return { ...always, ...byProfile[profile], ...hash };
}
