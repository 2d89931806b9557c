/** A file of the memory file system: what a reader sees, and what a power cut would leave of it. */
export class MemoryFileContent {
  readonly kind = 'file';
  bytes: Buffer = Buffer.alloc(0);
  /** Content at the last sync. */
  synced: Buffer = Buffer.alloc(0);

  /** A durable file with these bytes. */
  static of(bytes: Uint8Array): MemoryFileContent {
    const file = new MemoryFileContent();
    file.bytes = Buffer.from(bytes);
    file.sync();
    return file;
  }

  write(source: Uint8Array, position: number): void {
    if (position + source.length > this.bytes.length) this.resize(position + source.length);
    this.bytes.set(source, position);
  }

  resize(lengthBytes: number): void {
    const resized = Buffer.alloc(lengthBytes);
    this.bytes.copy(resized, 0, 0, Math.min(lengthBytes, this.bytes.length));
    this.bytes = resized;
  }

  sync(): void {
    this.synced = Buffer.from(this.bytes);
  }

  /** What is on the disk after a power cut: each sector written since the last sync is there or not, the length likewise. */
  afterPowerCut(choose: (count: number) => number): MemoryFileContent {
    const left = new MemoryFileContent();
    const lengths = [this.synced.length, this.bytes.length, tornLength(this.synced.length, this.bytes.length, choose)];
    left.bytes = Buffer.alloc(lengths[choose(3)] ?? 0);
    for (let at = 0; at < left.bytes.length; at += sectorBytes) {
      const end = Math.min(left.bytes.length, at + sectorBytes);
      const source = choose(2) === 0 ? this.synced : this.bytes;
      if (at < source.length) source.copy(left.bytes, at, at, Math.min(end, source.length));
    }
    left.sync();
    return left;
  }
}

/** A directory: names as a running system sees them, and those a power cut leaves. */
export class MemoryDirectory {
  readonly kind = 'directory';
  names = new Map<string, MemoryNode>();
  syncedNames = new Map<string, MemoryNode>();
}

export type MemoryNode = MemoryFileContent | MemoryDirectory;

/** Disks write whole sectors. */
export const sectorBytes = 512;

function tornLength(syncedBytes: number, writtenBytes: number, choose: (count: number) => number): number {
  if (writtenBytes <= syncedBytes) return writtenBytes;
  return Math.min(writtenBytes, Math.ceil((syncedBytes + choose(writtenBytes - syncedBytes)) / sectorBytes) * sectorBytes);
}
