import { constants, lstat, mkdir, open, readdir, rename, statfs, unlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from './errno.js';
import type { OpenMode, StoreFile, StoreFileStat, StoreFs, StoreSpace } from './store-fs.js';

/** Node's flags for the modes of the port; `create` fails on existing names. */
const flags: Readonly<Record<OpenMode, string>> = { read: 'r', write: 'r+', create: 'wx+' };
/** Files hold backups and key hashes: for the owner only. */
const fileMode = 0o600;
const directoryMode = 0o700;

/** The store's files on a directory of the machine. `root` must exist. */
export function nodeStoreFs(root: string): StoreFs {
  return new NodeStoreFs(root);
}

class NodeStoreFs implements StoreFs {
  constructor(private readonly root: string) {}

  async open(path: string, mode: OpenMode): Promise<StoreFile> {
    return new NodeStoreFile(await open(join(this.root, path), flags[mode], fileMode));
  }

  async openUncached(path: string): Promise<StoreFile | null> {
    if (process.platform !== 'linux') return null;
    try {
      return new NodeStoreFile(await open(join(this.root, path), constants.O_RDONLY | constants.O_DIRECT));
    } catch (error) {
      if (errnoOf(error) === 'EINVAL') return null;
      throw error;
    }
  }

  async rename(from: string, to: string): Promise<void> {
    await rename(join(this.root, from), join(this.root, to));
  }

  async unlink(path: string): Promise<void> {
    await unlink(join(this.root, path));
  }

  async mkdir(path: string): Promise<void> {
    try {
      await mkdir(join(this.root, path), { mode: directoryMode });
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST' || (await this.stat(path))?.kind !== 'directory') throw error;
    }
  }

  async readDir(path: string): Promise<string[]> {
    return (await readdir(join(this.root, path))).sort();
  }

  async syncDir(path: string): Promise<void> {
    // Windows cannot sync directories; its filesystems journal names themselves.
    if (process.platform === 'win32') return;
    const handle = await open(join(this.root, path), 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  async stat(path: string): Promise<StoreFileStat | null> {
    try {
      const found = await lstat(join(this.root, path));
      return { kind: found.isFile() ? 'file' : found.isDirectory() ? 'directory' : 'other', sizeBytes: found.size };
    } catch (error) {
      if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return null;
      throw error;
    }
  }

  async statfs(): Promise<StoreSpace> {
    const space = await statfs(this.root);
    return { totalBytes: space.blocks * space.bsize, freeBytes: space.bavail * space.bsize, totalInodes: space.files, freeInodes: space.ffree };
  }

  async exists(path: string): Promise<boolean> {
    return (await this.stat(path)) !== null;
  }
}

class NodeStoreFile implements StoreFile {
  constructor(private readonly handle: FileHandle) {}

  async readAt(target: Uint8Array, position: number): Promise<number> {
    return (await this.handle.read(target, 0, target.length, position)).bytesRead;
  }

  async writeAt(source: Uint8Array, position: number): Promise<number> {
    return (await this.handle.write(source, 0, source.length, position)).bytesWritten;
  }

  async sync(): Promise<void> {
    await this.handle.datasync();
  }

  async truncate(lengthBytes: number): Promise<void> {
    await this.handle.truncate(lengthBytes);
  }

  async size(): Promise<number> {
    return (await this.handle.stat()).size;
  }

  async close(): Promise<void> {
    await this.handle.close();
  }
}
