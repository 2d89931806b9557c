import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, ftruncateSync, linkSync, lstatSync, openSync, readFileSync, readdirSync, readlinkSync, rmSync, statfsSync, symlinkSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { madeDirectory } from './mounted-volume.js';

/** What the filesystem at hand can hold, and how much is written to it. */
export type BusyTreeOptions = Readonly<{ links?: boolean; sparse?: boolean; rounds?: number; smallFiles?: number; bigFileBytes?: number; fillUp?: boolean }>;

/** Bytes that do not compress and are the same for the same arguments. */
export function noise(seed: string, lengthBytes: number): Buffer {
  const key = createHash('sha256').update(seed).digest();
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(lengthBytes));
}

/** Lives on a mounted filesystem for a while: many small files, two growing by turns so that they are in pieces, a sparse one, deleted ones. */
export function writeBusyTree(root: string, options: BusyTreeOptions = {}): void {
  const { links = true, sparse = true, rounds = 40, smallFiles = 300, bigFileBytes = 3_000_000, fillUp = false } = options;
  for (let file = 0; file < smallFiles; file += 1) {
    const folder = madeDirectory(root, `folder-${String(file % 7)}`, file % 3 === 0 ? 'deeper/and deeper' : 'flat');
    writeFileSync(join(folder, `ein längerer Name ${String(file)}.txt`), noise(String(file), (file * file * 31) % 30_000));
  }
  const twins = [openSync(join(root, 'twin-a'), 'w'), openSync(join(root, 'twin-b'), 'w')];
  for (let round = 0; round < rounds; round += 1) {
    for (const twin of twins) {
      writeSync(twin, noise(`${String(twin)}/${String(round)}`, 9_000));
      fsyncSync(twin);
    }
  }
  twins.forEach((twin) => { closeSync(twin); });
  if (sparse) writeSparse(join(root, 'sparse'));
  writeFileSync(join(root, 'zeros'), Buffer.alloc(200_000));
  writeFileSync(join(root, 'compressible'), Buffer.alloc(400_000, 'the same over and over again. '));
  const big = noise('big', 65_536);
  const bigFile = openSync(join(root, 'big'), 'w');
  for (let at = 0; at < bigFileBytes; at += big.length) writeSync(bigFile, big);
  closeSync(bigFile);
  if (links) {
    linkSync(join(root, 'big'), join(root, 'folder-1', 'big too'));
    symlinkSync('big', join(root, 'short-link'));
    symlinkSync(`/${'a long way/'.repeat(20)}`, join(root, 'long-link'));
  }
  if (fillUp) fillTo(root);
  for (let file = 0; file < smallFiles; file += 5) rmSync(join(root, `folder-${String(file % 7)}`, file % 3 === 0 ? 'deeper/and deeper' : 'flat', `ein längerer Name ${String(file)}.txt`));
}

function writeSparse(path: string): void {
  const file = openSync(path, 'w');
  for (let at = 0; at < 30; at += 1) writeSync(file, noise(`sparse ${String(at)}`, 5_000), 0, 5_000, at * 100_000);
  ftruncateSync(file, 5_000_000);
  closeSync(file);
}

/** Files until nothing more fits, then a little room again. */
function fillTo(root: string): void {
  const folder = madeDirectory(root, 'filler');
  const chunk = randomBytes(256 * 1024);
  let written = 0;
  for (let file = 0; file < 4000; file += 1) {
    const { bavail, bsize } = statfsSync(root);
    if (bavail * bsize < 4 * chunk.length) break;
    if (!fits(join(folder, String(file)), chunk)) break;
    written = file;
  }
  for (let file = 0; file < written; file += 9) rmSync(join(folder, String(file)));
}

/** Writes a file; false when there was no room for it, which btrfs knows only when it tries. */
function fits(path: string, bytes: Buffer): boolean {
  try {
    writeFileSync(path, bytes);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    rmSync(path, { force: true });
    return false;
  }
}

/** SHA-256 of every file and the target of every link, by path from `root`. */
export function hashTree(root: string, from = ''): Map<string, string> {
  const hashes = new Map<string, string>();
  for (const name of readdirSync(join(root, from)).sort()) {
    const path = join(from, name);
    const facts = lstatSync(join(root, path));
    if (facts.isDirectory()) for (const [inner, hash] of hashTree(root, path)) hashes.set(inner, hash);
    else if (facts.isSymbolicLink()) hashes.set(path, `-> ${readlinkSync(join(root, path))}`);
    else hashes.set(path, createHash('sha256').update(readFileSync(join(root, path))).digest('hex'));
  }
  return hashes;
}
