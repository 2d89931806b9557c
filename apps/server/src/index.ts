export { startServer, type RunningServer } from './start-server.js';
export { ServerConfig } from './config/server-config.js';
export type { ServerPorts } from './open-platform.js';
export type { FirstRun } from './first-run.js';
