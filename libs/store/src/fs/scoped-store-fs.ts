import type { StoreFs } from './store-fs.js';

/** The part of a store's files below `directory`, as files of their own. Space is that of the whole. */
export function scopedStoreFs(fs: StoreFs, directory: string): StoreFs {
  const inside = (path: string): string => (path === '' ? directory : `${directory}/${path}`);
  return {
    open: (path, mode) => fs.open(inside(path), mode),
    rename: (from, to) => fs.rename(inside(from), inside(to)),
    unlink: (path) => fs.unlink(inside(path)),
    mkdir: (path) => fs.mkdir(inside(path)),
    readDir: (path) => fs.readDir(inside(path)),
    syncDir: (path) => fs.syncDir(inside(path)),
    stat: (path) => fs.stat(inside(path)),
    statfs: () => fs.statfs(),
    exists: (path) => fs.exists(inside(path)),
  };
}
