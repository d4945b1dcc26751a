export { EslClient, type EslFrame } from './testing/esl-client.ts';
export { openRtpPhone, type RtpPhone } from './testing/rtp-phone.ts';
export { startTestEngine, type TestEngine, type TestEngineOptions } from './testing/test-engine.ts';
