import { errnoOf } from '../fs/errno.js';
import type { StoreFile, StoreFs } from '../fs/store-fs.js';
import { MIB } from '@lifeboat/model';
import { PARITY_BLOCK_BYTES } from './parity-shape.js';

const windowBytes = MIB;

/** Waited for after each MiB read, so that reading can be slowed, paused or given up. */
export type ReadPace = (readBytes: number) => Promise<void>;

/** What a tolerant read found: the file's length, and the blocks of the target that the medium did not give; they are zeros now. */
export type TolerantRead = Readonly<{ fileLengthBytes: number; missing: ReadonlySet<number>; mediumErrors: number }>;

/**
 * Reads a file from its start into `target`, a multiple of 4096 bytes. Blocks that the medium refuses with EIO, or that lie behind the end of the file, become
 * zeros. With `uncached` it reads past the page cache where the port and the filesystem can do that: the bytes are then those of the medium.
 *
 * Other failures are the port's, e.g. `EMFILE`: they say nothing about the file.
 */
export async function readTolerantly(fs: StoreFs, target: Uint8Array, from: Readonly<{ path: string; uncached: boolean; pace: ReadPace }>): Promise<TolerantRead> {
  const direct = from.uncached ? ((await fs.openUncached?.(from.path)) ?? null) : null;
  if (direct) {
    try {
      return await readAll(direct, target, from.pace);
    } catch (error) {
      // Some filesystems open with O_DIRECT and refuse to read with it.
      if (errnoOf(error) !== 'EINVAL') throw error;
    } finally {
      await direct.close();
    }
  }
  const file = await fs.open(from.path, 'read');
  try {
    return await readAll(file, target, from.pace);
  } finally {
    await file.close();
  }
}

async function readAll(file: StoreFile, target: Uint8Array, pace: ReadPace): Promise<TolerantRead> {
  const fileLengthBytes = await file.size();
  const opened = { file, fileLengthBytes };
  const missing = new Set<number>();
  let mediumErrors = 0;
  for (let at = 0; at < target.length; at += windowBytes) {
    const window = target.subarray(at, Math.min(target.length, at + windowBytes));
    if (!(await readWindow(opened, window, at))) {
      for (let block = 0; block < window.length; block += PARITY_BLOCK_BYTES) {
        if (await readWindow(opened, window.subarray(block, block + PARITY_BLOCK_BYTES), at + block)) continue;
        missing.add((at + block) / PARITY_BLOCK_BYTES);
        mediumErrors += 1;
      }
    }
    await pace(window.length);
  }
  for (let at = Math.floor(fileLengthBytes / PARITY_BLOCK_BYTES) * PARITY_BLOCK_BYTES; at < target.length; at += PARITY_BLOCK_BYTES) {
    if (at >= fileLengthBytes) missing.add(at / PARITY_BLOCK_BYTES);
  }
  return { fileLengthBytes, missing, mediumErrors };
}

type OpenedFile = Readonly<{ file: StoreFile; fileLengthBytes: number }>;

/** Fills the window, with zeros behind the end of the file; false when the medium failed, and the window is zeros. */
async function readWindow({ file, fileLengthBytes }: OpenedFile, window: Uint8Array, position: number): Promise<boolean> {
  let done = 0;
  try {
    while (done < window.length) {
      const got = await file.readAt(window.subarray(done), position + done);
      if (got <= 0) break;
      const next = done + got;
      if (next < window.length && position + next >= fileLengthBytes) return endsAt(window, next);
      // A direct read goes on at whole blocks only: what a short one gave of a block is read again, unless that would not get on.
      const whole = Math.floor(next / PARITY_BLOCK_BYTES) * PARITY_BLOCK_BYTES;
      done = whole > done ? whole : next;
    }
  } catch (error) {
    if (errnoOf(error) !== 'EIO') throw error;
    window.fill(0);
    return false;
  }
  return endsAt(window, done);
}

function endsAt(window: Uint8Array, end: number): true {
  window.fill(0, end);
  return true;
}
