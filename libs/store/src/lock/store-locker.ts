import { stat } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { errnoOf } from '../fs/errno.js';
import { StoreLocked, StoreUnusable } from '../errors.js';

/** Ownership of a store directory. */
export interface StoreLock {
  release(): Promise<void>;
}

/** Takes ownership of the directory at `path`. @throws StoreLocked (STORE_LOCKED). */
export type StoreLocker = (path: string) => Promise<StoreLock>;

/**
 * Takes ownership by listening on an abstract unix socket (Windows: a named pipe) named after the directory's device and inode. The kernel gives it up when the
 * process ends, however it ends, and the name does not depend on how the path is spelled. It does not reach across network namespaces, i.e. containers;
 * there the ledger's writer tokens notice a second owner.
 *
 * @throws StoreLocked (STORE_LOCKED), StoreUnusable (STORE_UNUSABLE) on systems with neither.
 */
export const socketLocker: StoreLocker = async (path) => {
  const { dev, ino } = await stat(path, { bigint: true });
  const name = `lifeboat-store-${dev.toString(16)}-${ino.toString(16)}`;
  if (process.platform !== 'linux' && process.platform !== 'win32') throw new StoreUnusable({ path, reason: 'a store needs Linux or Windows' });
  const server = createServer((socket) => socket.destroy());
  await listen(server, process.platform === 'linux' ? `\0${name}` : `\\\\.\\pipe\\${name}`, path);
  // A lock must not keep the process alive by itself.
  server.unref();
  return { release: () => new Promise((resolve) => server.close(() => { resolve(); })) };
};

function listen(server: Server, address: string, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      reject(errnoOf(error) === 'EADDRINUSE' ? new StoreLocked(path, error) : new StoreUnusable({ path, reason: 'the lock cannot be taken' }, error));
    });
    server.listen(address, () => { resolve(); });
  });
}
