export { busConfig } from './bus-config.ts';
export {
  ConfigError,
  type ConfigOf,
  type ConfigTable,
  defineConfig,
  env,
  type Environment,
  hostPort,
  hostPorts,
  loadConfig,
  loadProcessConfig,
  networkList,
  port,
  Secret,
  secret,
  seconds,
  type Setting,
} from './config.ts';
export { type HealthOptions, type HealthServer, serveHealth } from './health.ts';
export { createInstanceId } from './instance.ts';
export { Life, type LifeState, type RunningService } from './life.ts';
export { describeListener, describeSides, PLATFORM_FILE, PlatformFile, readPlatformFile } from './platform-file.ts';
export { claimPortBlock, type PortBlocks } from './port-block.ts';
export {
  EXIT_CONFIG,
  processConfig,
  reportConfigProblems,
  runService,
  type ServiceContext,
  type ServiceDefinition,
} from './run.ts';
export { version } from './version.ts';
