export { cpuByService } from './cpu.ts';
export { type Platform, startPlatform } from './platform.ts';
export { breakOneByOne, RATE, RegisterLoad } from './register-load.ts';
export { type SippResult } from './sipp.ts';
export { addSubscribers } from './subscribers.ts';
