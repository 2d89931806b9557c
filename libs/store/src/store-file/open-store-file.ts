import { randomHex128, type Clock, type Random, type StoreId } from '@lifeboat/model';
import { isInvalid, type Invalid } from '../binary/binary.js';
import { NotAStore, StoreFileDamaged, StoreFormatNewer } from '../errors.js';
import { isNoSpace } from '../fs/errno.js';
import { syncDirectory } from '../fs/file-io.js';
import { readCopy } from '../fs/read-copy.js';
import type { StoreFs } from '../fs/store-fs.js';
import { temporaryPrefix, writeDurably } from '../fs/write-durably.js';
import { decodeStoreFile, encodeStoreFile, FEATURE_MIRRORED, isKnownFormat, isMirrored, STORE_FILE_BYTES, storeFileNames, storeFormat, type StoreFileContent } from './store-file.js';

/** Directories of a store, in the order they are made. */
export const storeDirectories = ['ledger', 'ledger-mirror', 'open', 'packs', 'points', 'points-mirror', 'sessions', 'index', 'trash', 'quarantine', 'reserve'] as const;
/** Directories that hold backups: with anything in them a missing STORE file is damage, not a new store. */
const contentDirectories = ['ledger', 'ledger-mirror', 'open', 'packs', 'points', 'points-mirror'] as const;

/** A STORE copy as found on disk. */
export type StoreFileCopy = Readonly<{ name: (typeof storeFileNames)[number]; content: StoreFileContent | Invalid | null }>;

/**
 * What STORE says in a directory, which becomes a new store when it is empty. Damaged copies are put right from the valid ones; on a full disk that waits
 * for the next start.
 */
export async function openStoreFile(fs: StoreFs, ports: Readonly<{ path: string; clock: Clock; random: Random }>): Promise<StoreFileContent> {
  const copies = await readStoreFiles(fs);
  if (copies.every((copy) => copy.content === null)) {
    await assertMayBecomeStore(fs, ports.path);
    await makeDirectories(fs);
    return writeCopies(fs, copies, newContent(ports));
  }
  const content = decideStoreFile(copies);
  await makeDirectories(fs);
  try {
    return await writeCopies(fs, copies, content);
  } catch (error) {
    if (!isNoSpace(error)) throw error;
    return content;
  }
}

/** What STORE says, without writing anything. @throws NotAStore (STORE_NOT_A_STORE), and as {@link decideStoreFile}. */
export async function readStoreFile(fs: StoreFs, path: string): Promise<StoreFileContent> {
  const copies = await readStoreFiles(fs, false);
  if (copies.every((copy) => copy.content === null) && !(await fs.exists('ledger'))) throw new NotAStore(path, (await fs.readDir(''))[0] ?? 'nothing');
  return decideStoreFile(copies, true);
}

/** Notes, once every twin is there, that the store has this format. On a full disk the next start does. */
export async function upgradeStoreFile(fs: StoreFs, content: StoreFileContent): Promise<void> {
  if (isMirrored(content)) return;
  try {
    await writeCopies(fs, await readStoreFiles(fs), { ...content, ...storeFormat });
  } catch (error) {
    if (!isNoSpace(error)) throw error;
  }
}

/** Reads the three copies, by default making them durable first. `null` is a missing copy. */
export async function readStoreFiles(fs: StoreFs, sync = true): Promise<StoreFileCopy[]> {
  const copies: StoreFileCopy[] = [];
  for (const name of storeFileNames) {
    const found = await fs.stat(name);
    if (found === null) copies.push({ name, content: null });
    else if (found.kind !== 'file') copies.push({ name, content: { invalid: 'not a file' } });
    else {
      const copy = await readCopy(fs, name, { bytesMax: STORE_FILE_BYTES, sync });
      copies.push({ name, content: copy instanceof Uint8Array ? decodeStoreFile(copy) : copy && { invalid: 'cannot be read' } });
    }
  }
  return copies;
}

/**
 * The content that most valid copies agree on. Copies that differ in nothing but how new the format is agree, and the newest counts: an upgrade was interrupted.
 * @throws StoreFormatNewer (STORE_FORMAT_NEWER), StoreFileDamaged (STORE_FILE_DAMAGED) no valid copy, or no majority.
 */
export function decideStoreFile(copies: readonly StoreFileCopy[], readOnly = false): StoreFileContent {
  const votes = new Map<string, { content: StoreFileContent; count: number }>();
  for (const { content } of copies) {
    if (content === null || isInvalid(content)) continue;
    const key = JSON.stringify({ ...content, minor: 0, writeFeatures: content.writeFeatures === FEATURE_MIRRORED ? 0 : content.writeFeatures });
    const known = votes.get(key);
    votes.set(key, { content: known && known.content.minor >= content.minor ? known.content : content, count: (known?.count ?? 0) + 1 });
  }
  const [first, second] = [...votes.values()].sort((a, b) => b.count - a.count);
  if (!first) throw new StoreFileDamaged('no copy verifies');
  if (second && second.count === first.count) throw new StoreFileDamaged('the copies contradict each other');
  if (!isKnownFormat(first.content, readOnly)) {
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
  return { storeId: randomHex128(ports.random) as StoreId, ...storeFormat, createdAtMs: ports.clock.nowMs() };
}

/** Writes the copies that are missing or differ, one after the other; what a damaged copy held is kept in `quarantine/`. */
async function writeCopies(fs: StoreFs, copies: readonly StoreFileCopy[], content: StoreFileContent): Promise<StoreFileContent> {
  for (const copy of copies) {
    const valid = copy.content !== null && !isInvalid(copy.content) && copy.content.storeId === content.storeId ? copy.content : undefined;
    if (valid?.minor === content.minor && valid.writeFeatures === content.writeFeatures) continue;
    if (copy.content !== null && !valid) {
      await fs.rename(copy.name, `quarantine/${copy.name}`);
      await syncDirectory(fs, 'quarantine');
    }
    await writeDurably(fs, copy.name, encodeStoreFile(content));
  }
  return content;
}
