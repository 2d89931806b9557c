import { OperationalError } from '@lifeboat/model';
import { StoreShortRead, StoreShortWrite } from '../errors.js';
import type { StoreFile, StoreFs } from './store-fs.js';

/** A sync failed. After that nobody knows what is on the disk: it is never taken for lack of space, however the system words it. */
export class SyncFailed extends OperationalError {
  readonly code = 'STORE_SYNC_FAILED';
  constructor(path: string, cause: unknown) {
    super('the disk did not confirm a write', { retry: 'never', details: { path }, cause, remedy: 'Check the disk under the data directory, then restart the server.' });
  }
}

/** Makes a file's bytes durable. @throws SyncFailed (STORE_SYNC_FAILED). */
export async function syncFile(file: StoreFile, path: string): Promise<void> {
  try {
    await file.sync();
  } catch (error) {
    throw new SyncFailed(path, error);
  }
}

/** Makes a directory's names durable. @throws SyncFailed (STORE_SYNC_FAILED). */
export async function syncDirectory(fs: StoreFs, path: string): Promise<void> {
  try {
    await fs.syncDir(path);
  } catch (error) {
    throw new SyncFailed(path, error);
  }
}

/** Where in which file an operation happens; for errors. */
export type FilePlace = Readonly<{ path: string; offsetBytes: number }>;

/** Fills `target` from the file. @throws StoreShortRead (STORE_SHORT_READ) the file ends before. */
export async function readFullyAt(file: StoreFile, target: Uint8Array, place: FilePlace): Promise<void> {
  let done = 0;
  while (done < target.length) {
    const got = await file.readAt(done === 0 ? target : target.subarray(done), place.offsetBytes + done);
    if (got <= 0) throw new StoreShortRead({ ...place, wantedBytes: target.length, gotBytes: done });
    done += got;
  }
}

/** Writes all of `source`. @throws StoreShortWrite (STORE_SHORT_WRITE) a write made no progress. */
export async function writeFullyAt(file: StoreFile, source: Uint8Array, place: FilePlace): Promise<void> {
  let done = 0;
  while (done < source.length) {
    const wrote = await file.writeAt(done === 0 ? source : source.subarray(done), place.offsetBytes + done);
    if (wrote <= 0) throw new StoreShortWrite({ ...place, wantedBytes: source.length, gotBytes: done });
    done += wrote;
  }
}

/** A file of the store is longer than its kind may be; reading it whole would need unbounded memory. */
export class StoreFileTooLong extends OperationalError {
  readonly code = 'STORE_FILE_TOO_LONG';
  constructor(details: Readonly<{ path: string; sizeBytes: number; maxBytes: number }>) {
    super('a file of the store is longer than it may be', { retry: 'never', details });
  }
}

/** The whole content of a small file. @throws StoreFileTooLong (STORE_FILE_TOO_LONG), and what the port throws, e.g. `ENOENT`. */
export async function readWhole(fs: StoreFs, path: string, maxBytes: number): Promise<Uint8Array> {
  return withFile(fs, path, async (file) => readAll(file, path, maxBytes));
}

/** As {@link readWhole}, but first makes what it reads durable: bytes that only the cache holds must not be acted upon. */
export async function syncAndReadWhole(fs: StoreFs, path: string, maxBytes: number): Promise<Uint8Array> {
  const file = await fs.open(path, 'write');
  try {
    await syncFile(file, path);
    return await readAll(file, path, maxBytes);
  } finally {
    await file.close();
  }
}

/** Opens for reading, runs `use`, closes. */
export async function withFile<T>(fs: StoreFs, path: string, use: (file: StoreFile) => Promise<T>): Promise<T> {
  const file = await fs.open(path, 'read');
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

async function readAll(file: StoreFile, path: string, maxBytes: number): Promise<Uint8Array> {
  const sizeBytes = await file.size();
  if (sizeBytes > maxBytes) throw new StoreFileTooLong({ path, sizeBytes, maxBytes });
  const bytes = new Uint8Array(sizeBytes);
  await readFullyAt(file, bytes, { path, offsetBytes: 0 });
  return bytes;
}
