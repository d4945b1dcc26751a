export { openRtpPeer, type RtpPeer } from './testing/rtp-peer.ts';
export { type Rtpengine, startRtpengine } from './testing/start-rtpengine.ts';
