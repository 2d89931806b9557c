#!/usr/bin/env node
import { Command } from 'commander';
import { isLifeboatError, seconds } from '@lifeboat/model';
import { loadServerConfig } from './config/load-server-config.js';
import type { ServerFlags } from './config/server-config.js';
import { printFailure, printStarted, printStopping } from './print-start.js';
import { startServer, type RunningServer } from './start-server.js';

/** A stop that takes longer is cut short: the store is safe at any moment. */
const stopMsMax = seconds(55);

/** Exit codes of the command line's contract by error code; everything else is 1. */
const exitCodes: Readonly<Record<string, number>> = { CONFIG_INVALID: 78, DATABASE_URL_INVALID: 78, REDIS_URL_INVALID: 78, STORE_LOCKED: 7, PORT_TAKEN: 7, DATABASE_DIRECTORY_IN_USE: 7 };

/** Starts the server from the command line and runs until SIGTERM or SIGINT. */
async function main(argv: readonly string[]): Promise<void> {
  const command = new Command('lifeboat-server')
    .description('Runs the Lifeboat server.')
    .option('--data <dir>', 'data directory (LIFEBOAT_DATA; default ./lifeboat-data)')
    .option('--port <port>', 'port to listen on (LIFEBOAT_PORT; default 8420)')
    .option('--host <address>', 'address to listen on (LIFEBOAT_HOST; default 127.0.0.1)')
    .option('--quota <bytes>', 'how large the store may grow (LIFEBOAT_QUOTA)')
    .exitOverride((error) => { process.exit(error.exitCode === 0 ? 0 : 64); })
    .parse([...argv]);
  try {
    const server = await startServer(loadServerConfig(command.opts<ServerFlags>()));
    printStarted(server);
    stopOnSignals(server);
  } catch (error) {
    printFailure(error);
    process.exit(isLifeboatError(error) ? (exitCodes[error.code] ?? 1) : 1);
  }
}

function stopOnSignals(server: RunningServer): void {
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    printStopping();
    setTimeout(() => { process.exit(1); }, stopMsMax).unref();
    server.close().then(() => { process.exit(0); }, (error: unknown) => {
      printFailure(error);
      process.exit(1);
    });
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

await main(process.argv);
