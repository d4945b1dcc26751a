export { type MediaEngine, type MediaEngineDeps, type MediaEngineStats, startMediaEngine } from './engine.ts';
export { MediaBindError } from './errors.ts';
export { mediaEngineMetrics } from './metrics.ts';
export { defaultLimits, DEFAULT_PROFILE, type MediaEngineLimits, type MediaEngineOptions } from './options.ts';
