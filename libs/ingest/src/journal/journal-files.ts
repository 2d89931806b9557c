import { SessionId } from '@lifeboat/model';
import { StoreFull, StoreShortWrite, StoreUnusable, type StoreFile, type StoreFs } from '@lifeboat/store';

const segmentName = /^([0-9a-f]{32})-(0|[1-9][0-9]{0,8})\.jrn$/;

/** The name of a journal segment; both parts are the server's own, never user text. */
export const segmentPath = (sessionId: SessionId, segment: number): string => `${sessionId}-${String(segment)}.jrn`;

/** Numbers of the segments each session has, ascending. Other names are left alone. */
export async function listSegments(fs: StoreFs): Promise<Map<SessionId, number[]>> {
  const found = new Map<SessionId, number[]>();
  for (const name of await asStoreErrors('', () => fs.readDir(''))) {
    const [, id, segment] = segmentName.exec(name) ?? [];
    const sessionId = SessionId.safeParse(id);
    if (!sessionId.success) continue;
    found.set(sessionId.data, [...(found.get(sessionId.data) ?? []), Number(segment)].sort((a, b) => a - b));
  }
  return found;
}

/** Removes segments of a session, those that are there, in the given order. Durable when it resolves. */
export async function removeSegments(fs: StoreFs, sessionId: SessionId, numbers: readonly number[]): Promise<void> {
  await asStoreErrors(sessionId, async () => {
    for (const number of numbers) {
      const path = segmentPath(sessionId, number);
      if (await fs.exists(path)) await fs.unlink(path);
    }
    await fs.syncDir('');
  });
}

/** Reads up to `lengthBytes` at `position`; shorter only at the end of the file. */
export async function readUpTo(file: StoreFile, position: number, lengthBytes: number): Promise<Uint8Array> {
  const target = new Uint8Array(lengthBytes);
  let filled = 0;
  while (filled < lengthBytes) {
    const count = await file.readAt(target.subarray(filled), position + filled);
    if (count === 0) break;
    filled += count;
  }
  return target.subarray(0, filled);
}

/** Writes all of `source`. @throws StoreShortWrite (STORE_SHORT_WRITE) a write made no progress. */
export async function writeFully(file: StoreFile, at: Readonly<{ path: string; position: number }>, source: Uint8Array): Promise<void> {
  let written = 0;
  while (written < source.length) {
    const count = await file.writeAt(source.subarray(written), at.position + written);
    if (count < 1) throw new StoreShortWrite({ path: at.path, offsetBytes: at.position + written, wantedBytes: source.length - written, gotBytes: count });
    written += count;
  }
}

/** Turns the system's errors into the store's: no space is STORE_FULL, anything else STORE_UNUSABLE. */
export async function asStoreErrors<T>(path: string, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    const code = error instanceof Error && 'code' in error && 'syscall' in error ? String(error.code) : undefined;
    if (code === undefined) throw error;
    if (code === 'ENOSPC' || code === 'EDQUOT') throw new StoreFull(error);
    throw new StoreUnusable({ path: `sessions/${path}`, reason: code }, error);
  }
}
