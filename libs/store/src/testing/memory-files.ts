/** Disks write whole sectors. */
export const sectorBytes = 512;

/**
 * How a power cut leaves what was not synced: `best` all of it is there · `worst` none of it · `names` every name and no bytes · a function decides sector by sector and
 * name by name, by a number in [0, count).
 */
export type PowerCut = 'best' | 'worst' | 'names' | ((count: number) => number);

/**
 * A file of the memory file system: what a reader sees, and what a power cut would leave of it. What a sync has not confirmed is kept as an undo log: the old content of
 * every sector that was written since.
 */
export class MemoryFileContent {
  readonly kind = 'file';
  private buffer: Buffer = Buffer.alloc(0);
  private lengthBytes = 0;
  /** Length at the last sync. */
  private syncedBytes = 0;
  /** Sectors written since the last sync, as they were then; null when the file did not reach there. */
  private readonly undo = new Map<number, Buffer | null>();

  /** A durable file with these bytes. */
  static of(bytes: Uint8Array): MemoryFileContent {
    const file = new MemoryFileContent();
    file.buffer = Buffer.from(bytes);
    file.lengthBytes = bytes.length;
    file.sync();
    return file;
  }

  /** The content as a reader sees it: a view, valid until the next write. */
  get bytes(): Buffer {
    return this.buffer.subarray(0, this.lengthBytes);
  }

  write(source: Uint8Array, position: number): void {
    if (source.length === 0) return;
    const end = position + source.length;
    // A hole before the write reads as zeros and is as unwritten as the write itself.
    this.remember(Math.min(position, this.lengthBytes), end);
    if (end > this.lengthBytes) this.grow(end);
    this.buffer.set(source, position);
  }

  resize(lengthBytes: number): void {
    this.remember(Math.min(lengthBytes, this.lengthBytes), Math.max(lengthBytes, this.lengthBytes));
    if (lengthBytes > this.lengthBytes) this.grow(lengthBytes);
    else this.buffer.fill(0, lengthBytes, this.lengthBytes);
    this.lengthBytes = lengthBytes;
  }

  sync(): void {
    this.undo.clear();
    this.syncedBytes = this.lengthBytes;
  }

  /** What is on the disk after a power cut: each sector written since the last sync is there or not, the length likewise. */
  afterPowerCut(cut: PowerCut): MemoryFileContent {
    if (this.undo.size === 0 || cut === 'best') return MemoryFileContent.of(this.bytes);
    const lengthBytes = this.lengthAfter(cut);
    const left = Buffer.alloc(lengthBytes);
    this.bytes.copy(left, 0, 0, lengthBytes);
    for (const [sector, before] of this.undo) {
      const start = sector * sectorBytes;
      if (start >= lengthBytes || (typeof cut === 'function' && cut(2) !== 0)) continue;
      const end = Math.min(lengthBytes, start + sectorBytes);
      left.fill(0, start, end);
      before?.copy(left, start, 0, end - start);
    }
    return MemoryFileContent.of(left);
  }

  private lengthAfter(cut: Exclude<PowerCut, 'best'>): number {
    if (typeof cut !== 'function') return this.syncedBytes;
    return [this.syncedBytes, this.lengthBytes, tornLength(this.syncedBytes, this.lengthBytes, cut)][cut(3)] ?? 0;
  }

  private remember(from: number, to: number): void {
    for (let sector = Math.floor(from / sectorBytes); sector * sectorBytes < to; sector += 1) {
      if (this.undo.has(sector)) continue;
      const start = sector * sectorBytes;
      const end = Math.min(this.lengthBytes, start + sectorBytes);
      this.undo.set(sector, end > start ? Buffer.from(this.buffer.subarray(start, end)) : null);
    }
  }

  /** Doubles the room, so that a file that grows by appends is not copied for each. */
  private grow(lengthBytes: number): void {
    if (lengthBytes > this.buffer.length) {
      const roomier = Buffer.alloc(Math.max(lengthBytes, this.buffer.length * 2, 4096));
      this.buffer.copy(roomier, 0, 0, this.lengthBytes);
      this.buffer = roomier;
    }
    this.lengthBytes = lengthBytes;
  }
}

/** A directory: names as a running system sees them, and those a power cut leaves. */
export class MemoryDirectory {
  readonly kind = 'directory';
  names = new Map<string, MemoryNode>();
  syncedNames = new Map<string, MemoryNode>();
}

export type MemoryNode = MemoryFileContent | MemoryDirectory;

function tornLength(syncedBytes: number, writtenBytes: number, choose: (count: number) => number): number {
  if (writtenBytes <= syncedBytes) return writtenBytes;
  return Math.min(writtenBytes, Math.ceil((syncedBytes + choose(writtenBytes - syncedBytes)) / sectorBytes) * sectorBytes);
}
