import { randomHex128, type Clock, type Random, type StoreId } from '@lifeboat/model';
import { isInvalid, type Invalid } from '../binary/binary.js';
import { NotAStore, StoreFileDamaged, StoreFormatNewer } from '../errors.js';
import { readWhole, syncAndReadWhole, StoreFileTooLong } from '../fs/file-io.js';
import type { StoreFs } from '../fs/store-fs.js';
import { temporaryPrefix, writeDurably } from '../fs/write-durably.js';
import { decodeStoreFile, encodeStoreFile, isKnownFormat, STORE_FILE_BYTES, storeFileNames, storeFormat, type StoreFileContent } from './store-file.js';

/** Directories of a store, in the order they are made. */
export const storeDirectories = ['ledger', 'open', 'packs', 'points', 'sessions', 'index', 'trash', 'quarantine', 'reserve'] as const;
/** Directories that hold backups: with anything in them a missing STORE file is damage, not a new store. */
const contentDirectories = ['ledger', 'open', 'packs', 'points'] as const;

/** A STORE copy as found on disk. */
export type StoreFileCopy = Readonly<{ name: (typeof storeFileNames)[number]; content: StoreFileContent | Invalid | null }>;

/** Identity of the store in a directory, which becomes a new store when it is empty. Damaged copies are put right from the valid ones. */
export async function openStoreFile(fs: StoreFs, ports: Readonly<{ path: string; clock: Clock; random: Random }>): Promise<StoreId> {
  const copies = await readStoreFiles(fs);
  if (copies.every((copy) => copy.content === null)) {
    await assertMayBecomeStore(fs, ports.path);
    await makeDirectories(fs);
    return writeCopies(fs, copies, newContent(ports));
  }
  const content = decideStoreFile(copies);
  await makeDirectories(fs);
  return writeCopies(fs, copies, content);
}

/** Reads the three copies with `read`, by default making them durable first. `null` is a missing copy. */
export async function readStoreFiles(fs: StoreFs, read: typeof readWhole = syncAndReadWhole): Promise<StoreFileCopy[]> {
  const copies: StoreFileCopy[] = [];
  for (const name of storeFileNames) {
    const found = await fs.stat(name);
    if (found === null) copies.push({ name, content: null });
    else if (found.kind !== 'file') copies.push({ name, content: { invalid: 'not a file' } });
    else copies.push({ name, content: await readCopy(fs, name, read) });
  }
  return copies;
}

async function readCopy(fs: StoreFs, name: string, read: typeof readWhole): Promise<StoreFileContent | Invalid> {
  try {
    return decodeStoreFile(await read(fs, name, STORE_FILE_BYTES));
  } catch (error) {
    if (error instanceof StoreFileTooLong) return { invalid: 'length' };
    throw error;
  }
}

/**
 * The content that most valid copies agree on.
 * @throws StoreFormatNewer (STORE_FORMAT_NEWER), StoreFileDamaged (STORE_FILE_DAMAGED) no valid copy, or no majority.
 */
export function decideStoreFile(copies: readonly StoreFileCopy[]): StoreFileContent {
  const votes = new Map<string, { content: StoreFileContent; count: number }>();
  for (const { content } of copies) {
    if (content === null || isInvalid(content)) continue;
    const key = JSON.stringify(content);
    votes.set(key, { content, count: (votes.get(key)?.count ?? 0) + 1 });
  }
  const [first, second] = [...votes.values()].sort((a, b) => b.count - a.count);
  if (!first) throw new StoreFileDamaged('no copy verifies');
  if (second && second.count === first.count) throw new StoreFileDamaged('the copies contradict each other');
  if (!isKnownFormat(first.content)) {
    const { major, minor, readFeatures, writeFeatures, repairFeatures } = first.content;
    throw new StoreFormatNewer({ major, minor, readFeatures, writeFeatures, repairFeatures, knownMajor: storeFormat.major });
  }
  return first.content;
}

async function assertMayBecomeStore(fs: StoreFs, path: string): Promise<void> {
  const own = new Set<string>([...storeDirectories, ...storeFileNames.map((name) => `${temporaryPrefix}${name}`), 'lost+found']);
  for (const name of await fs.readDir('')) if (!own.has(name)) throw new NotAStore(path, name);
  for (const directory of contentDirectories) {
    if ((await fs.exists(directory)) && (await fs.readDir(directory)).length > 0) throw new StoreFileDamaged('STORE.a, STORE.b and STORE.c are missing');
  }
}

async function makeDirectories(fs: StoreFs): Promise<void> {
  let made = false;
  for (const directory of storeDirectories) {
    if (await fs.exists(directory)) continue;
    await fs.mkdir(directory);
    made = true;
  }
  if (made) await fs.syncDir('');
}

function newContent(ports: Readonly<{ clock: Clock; random: Random }>): StoreFileContent {
  return { storeId: randomHex128(ports.random) as StoreId, ...storeFormat, createdAtMs: ports.clock.nowMs(), readFeatures: 0, writeFeatures: 0, repairFeatures: 0 };
}

/** Writes the copies that are missing or differ; what a damaged copy held is kept in `quarantine/`. */
async function writeCopies(fs: StoreFs, copies: readonly StoreFileCopy[], content: StoreFileContent): Promise<StoreId> {
  for (const copy of copies) {
    if (copy.content !== null && !isInvalid(copy.content) && copy.content.storeId === content.storeId) continue;
    if (copy.content !== null) await fs.rename(copy.name, `quarantine/${copy.name}`);
    await writeDurably(fs, copy.name, encodeStoreFile(content));
  }
  return content.storeId;
}
