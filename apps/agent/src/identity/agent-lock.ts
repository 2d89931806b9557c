import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { AgentBusy } from '../errors/agent-errors.js';

/** Held by the one process that may work with a state directory. */
export interface AgentLock {
  release(): Promise<void>;
}

/**
 * Takes the lock of a state directory. It is a name in Linux's abstract socket namespace: the kernel lets it go when the process dies, however
 * it dies, so there is nothing stale to judge. Nobody is served on it.
 *
 * @throws AgentBusy (AGENT_BUSY) another process holds it.
 */
export async function takeAgentLock(stateDir: string): Promise<AgentLock> {
  const directory = await realpath(stateDir);
  const name = `\0lifeboat-agent-${createHash('sha256').update(directory).digest('hex').slice(0, 32)}`;
  const server = createServer((socket) => socket.destroy());
  server.unref();
  await listen(server, name, directory);
  return { release: () => new Promise((resolve) => server.close(() => { resolve(); })) };
}

function listen(server: Server, name: string, directory: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => { reject(error.code === 'EADDRINUSE' ? new AgentBusy({ stateDir: directory }) : error); });
    server.listen(name, resolve);
  });
}
