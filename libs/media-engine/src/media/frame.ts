/** Length of one RTP packet of ours, and of one turn of everything that makes sound. */
export const FRAME_MS = 20;
export const SAMPLE_RATE = 8_000;
export const FRAME_SAMPLES = (SAMPLE_RATE * FRAME_MS) / 1_000;
