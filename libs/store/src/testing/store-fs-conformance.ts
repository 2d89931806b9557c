import { errnoOf } from '../fs/errno.js';
import { readFullyAt, withFile, writeFullyAt } from '../fs/file-io.js';
import type { StoreFs } from '../fs/store-fs.js';

/** One rule of a port and how an implementation shows that it keeps it; rejects when it does not. */
export type ConformanceCase<Subject> = Readonly<{ name: string; run(subject: Subject): Promise<void> }>;

/** An implementation broke a rule of its port. */
export class ConformanceBroken extends Error {}

/** Ends a case unless `holds`. */
export function ensure(holds: boolean, what: string): asserts holds {
  if (!holds) throw new ConformanceBroken(what);
}

async function codeOf(task: Promise<unknown>): Promise<string | undefined> {
  return task.then(() => undefined, errnoOf);
}

async function put(fs: StoreFs, path: string, bytes: Uint8Array): Promise<void> {
  const file = await fs.open(path, 'create');
  await writeFullyAt(file, bytes, { path, offsetBytes: 0 });
  await file.sync();
  await file.close();
}

/** What every StoreFs does; each case gets an empty one. */
export const storeFsConformance: readonly ConformanceCase<StoreFs>[] = [
  {
    name: 'creates only what does not exist and opens only what does',
    run: async (fs) => {
      ensure((await codeOf(fs.open('a', 'read'))) === 'ENOENT', 'reading a missing file');
      ensure((await codeOf(fs.open('a', 'write'))) === 'ENOENT', 'writing a missing file');
      await put(fs, 'a', Buffer.from('abc'));
      ensure((await codeOf(fs.open('a', 'create'))) === 'EEXIST', 'creating an existing file');
    },
  },
  {
    name: 'reads and writes at positions, fills holes with zeros and ends reads at the end of the file',
    run: async (fs) => {
      const file = await fs.open('a', 'create');
      await writeFullyAt(file, Buffer.from('xyz'), { path: 'a', offsetBytes: 5 });
      await writeFullyAt(file, Buffer.from('ab'), { path: 'a', offsetBytes: 0 });
      ensure((await file.size()) === 8, 'size after a write behind the end');
      const bytes = Buffer.alloc(8);
      await readFullyAt(file, bytes, { path: 'a', offsetBytes: 0 });
      ensure(bytes.equals(Buffer.from('ab\0\0\0xyz')), 'content');
      ensure((await file.readAt(Buffer.alloc(4), 8)) === 0 && (await file.readAt(Buffer.alloc(4), 100)) === 0, 'reading behind the end');
      ensure((await file.readAt(Buffer.alloc(9), 6)) === 2, 'reading across the end');
      await file.close();
    },
  },
  {
    name: 'truncates and extends',
    run: async (fs) => {
      await put(fs, 'a', Buffer.from('abcdef'));
      const file = await fs.open('a', 'write');
      await file.truncate(2);
      await file.truncate(4);
      const bytes = Buffer.alloc(4);
      await readFullyAt(file, bytes, { path: 'a', offsetBytes: 0 });
      ensure(bytes.equals(Buffer.from('ab\0\0')), 'content after truncate');
      await file.close();
    },
  },
  {
    name: 'renames over an existing file while the open one stays readable',
    run: async (fs) => {
      await put(fs, 'a', Buffer.from('new'));
      await put(fs, 'b', Buffer.from('old'));
      await withFile(fs, 'b', async (old) => {
        await fs.rename('a', 'b');
        const bytes = Buffer.alloc(3);
        await readFullyAt(old, bytes, { path: 'b', offsetBytes: 0 });
        ensure(bytes.equals(Buffer.from('old')), 'content of the replaced file');
      });
      ensure(!(await fs.exists('a')) && (await fs.stat('b'))?.sizeBytes === 3, 'names after a rename');
      ensure((await codeOf(fs.rename('a', 'c'))) === 'ENOENT', 'renaming a missing file');
    },
  },
  {
    name: 'makes, lists and tells apart directories',
    run: async (fs) => {
      await fs.mkdir('d');
      await fs.mkdir('d');
      await put(fs, 'd/2', Buffer.from('x'));
      await put(fs, 'd/10', Buffer.from('xy'));
      ensure((await fs.readDir('d')).join() === '10,2', 'sorted names');
      ensure((await fs.stat('d'))?.kind === 'directory' && (await fs.stat('d/10'))?.kind === 'file', 'kinds');
      ensure((await fs.stat('d/none')) === null && (await fs.stat('none/at/all')) === null, 'nothing there');
      ensure((await codeOf(fs.mkdir('d/2'))) === 'EEXIST', 'a directory over a file');
      ensure((await codeOf(fs.readDir('none'))) === 'ENOENT', 'listing a missing directory');
      await fs.syncDir('d');
      await fs.syncDir('');
      await fs.unlink('d/2');
      ensure((await codeOf(fs.unlink('d/2'))) === 'ENOENT', 'removing twice');
      ensure((await fs.readDir('d')).join() === '10', 'names after a removal');
    },
  },
  {
    name: 'tells the space',
    run: async (fs) => {
      const space = await fs.statfs();
      ensure(space.totalBytes > 0 && space.freeBytes >= 0 && space.freeBytes <= space.totalBytes, 'space');
    },
  },
];
