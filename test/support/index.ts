export { type Connection, joinBus, startNats } from './bus.ts';
export { cpuByService, memoryKb, type NamedProcess, sumByService } from './cpu.ts';
export { freePort } from './free-port.ts';
export { takeLoadTurn } from './load-turn.ts';
export { type Platform, startPlatform } from './platform.ts';
export { breakOneByOne, RATE, RegisterLoad } from './register-load.ts';
export { runSipp, type SippResult } from './sipp.ts';
export { addSubscribers, type LoadAccount, sippLines } from './subscribers.ts';
export { until } from './until.ts';
