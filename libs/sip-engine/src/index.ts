export { type EngineDeps, type EngineStats, type SipEngine, startSipEngine } from './engine.ts';
export { type CaptureOptions } from './capture.ts';
export { handlerProblem, type RequestHandler } from './control/request-handlers.ts';
export { BindError } from './errors.ts';
export { type ScreenOptions, type SpammerHeader, type Spammers } from './core/screen.ts';
export { type NaptrRecord, parseDnsServer, type Resolver } from './locate/resolver.ts';
export { type SrvRecord } from './locate/srv-order.ts';
export { engineMetrics, publishMetrics } from './metrics.ts';
export {
  defaultLimits,
  defaultOverload,
  ENGINE_VERSION,
  type EngineLimits,
  type OverloadOptions,
  type SipEngineOptions,
} from './options.ts';
export { defaultTimers, type TimerValues } from './transaction/timers.ts';
export { type NatDetection, parseNetworks } from './transport/address.ts';
export { type ContactOption } from './transport/listeners.ts';
export { secureContext, type TlsOptions } from './transport/tls-options.ts';
export { type Protocol, protocols } from './transport/transport.ts';
export { type WebSocketOptions } from './transport/ws.ts';
