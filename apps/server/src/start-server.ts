import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { pino, type Logger } from 'pino';
import { ListenRefused, PortTaken } from './config/config-errors.js';
import { errnoOf } from './config/errno-of.js';
import type { ServerConfig } from './config/server-config.js';
import { AgentConnections } from './connections/agent-connections.js';
import { DataPlane } from './data-plane/data-plane.js';
import { prepareFirstRun, type FirstRun } from './first-run.js';
import { createApplication } from './http/create-application.js';
import { jobIdOf } from './jobs/job-of-session.js';
import { openPlatform, type ServerPorts } from './open-platform.js';
import type { Platform } from './platform/platform.module.js';
import { beginRetention } from './retention/begin-retention.js';
import { SchedulesService } from './schedules/schedules.service.js';

/** A server that answers. */
export interface RunningServer {
  /** Address for agents, browsers and the command line. */
  readonly url: string;
  /** The operator's secret; only on the very first start. */
  readonly firstRun: FirstRun | null;
  /** Makes what agents sent durable, tells them to come back later, and closes everything. Calling it again waits for the first call. */
  close(): Promise<void>;
}

/**
 * Starts a server: opens everything, brings the catalog up to the ledger, listens, serves schedules.
 *
 * @throws PortTaken (PORT_TAKEN), ListenRefused (LISTEN_REFUSED), and what opening the parts throws, e.g. STORE_LOCKED.
 */
export async function startServer(config: ServerConfig, ports: ServerPorts = {}): Promise<RunningServer> {
  const log = pino({ level: config.logLevel, name: 'lifeboat-server' }, pino.destination(2));
  const opened = await openPlatform(config, log, ports);
  const { platform } = opened;
  let app: NestExpressApplication | undefined;
  try {
    await reconcileJobs(platform);
    app = await createApplication(platform);
    const url = await listen(app, config);
    const firstRun = await prepareFirstRun(platform, opened.dataDirectory.firstRunFile, url);
    await app.get(SchedulesService).begin();
    await beginRetention(app);
    log.info({ url, dataDir: config.dataDir }, 'server started');
    const running = app;
    let closing: Promise<void> | undefined;
    return { url, firstRun, close: () => (closing ??= closeServer({ app: running, log, closePlatform: opened.close })) };
  } catch (error) {
    await app?.close();
    await opened.close();
    throw error;
  }
}

async function reconcileJobs(platform: Platform): Promise<void> {
  const resumable = platform.ingest.list().filter((session) => session.state !== 'aborted' && session.state !== 'committed').map(jobIdOf);
  await platform.catalog.jobs.reconcile({ nowMs: platform.clock.nowMs(), resumable });
}

async function listen(app: NestExpressApplication, config: ServerConfig): Promise<string> {
  const { host, port } = config;
  try {
    await app.listen(port, host);
  } catch (cause) {
    const errno = errnoOf(cause) ?? 'unknown';
    throw errno === 'EADDRINUSE' ? new PortTaken({ host, port }, cause) : new ListenRefused({ host, port, reason: errno }, cause);
  }
  const bound = app.getHttpServer().address() as AddressInfo;
  return `http://${reachableHost(host)}:${String(bound.port)}`;
}

/** An address that a client on this computer can use; "all addresses" is none. */
function reachableHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

async function closeServer(parts: Readonly<{ app: NestExpressApplication; log: Logger; closePlatform: () => Promise<void> }>): Promise<void> {
  const { app, log, closePlatform } = parts;
  log.info('server is stopping');
  // Transfers first: what arrived becomes durable and is acknowledged before the connections go.
  await app.get(DataPlane).close();
  app.get(AgentConnections).close();
  app.getHttpServer().closeAllConnections();
  await app.close();
  await closePlatform();
  log.info('server stopped');
}
