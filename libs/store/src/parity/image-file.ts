import { Defect } from '@lifeboat/model';
import type { StoreFile } from '../fs/store-fs.js';

/** Bytes in memory as a file, for readers of packs. */
export class ImageFile implements StoreFile {
  constructor(private readonly bytes: Uint8Array) {}

  readAt(target: Uint8Array, position: number): Promise<number> {
    const part = this.bytes.subarray(position, position + target.length);
    target.set(part);
    return Promise.resolve(part.length);
  }

  size(): Promise<number> {
    return Promise.resolve(this.bytes.length);
  }

  writeAt(): Promise<number> {
    return Promise.reject(new Defect('a pack in memory is only read'));
  }

  truncate(): Promise<void> {
    return Promise.reject(new Defect('a pack in memory is only read'));
  }

  sync(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
