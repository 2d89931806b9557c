import { open, type FileHandle } from 'node:fs/promises';
import { crc32 } from '@lifeboat/codec';
import { PAGE_ENTRY_BYTES, readMapEntry, writeMapEntry, type MapEntry } from '@lifeboat/model';

/** A map file is a list of blocks: entry count u32, CRC-32 of the entries u32, both little-endian, then that many 48-byte map entries. */
const headerBytes = 8;
const blockEntriesMax = 1365;
const blockBytesMax = headerBytes + blockEntriesMax * PAGE_ENTRY_BYTES;

/** Writes a volume's map entries in order. The file is complete and durable when `finish` resolves. */
export class MapFileWriter {
  private readonly block = Buffer.alloc(blockBytesMax);
  private readonly view = new DataView(this.block.buffer, this.block.byteOffset, this.block.length);
  private count = 0;
  private positionBytes = 0;

  private constructor(private readonly file: FileHandle) {}

  /** Makes a new file, mode 0600. */
  static async create(path: string): Promise<MapFileWriter> {
    return new MapFileWriter(await open(path, 'w', 0o600));
  }

  /** True when {@link writeBlock} has to be awaited before the next {@link push}. */
  get isFull(): boolean {
    return this.count >= blockEntriesMax;
  }

  push(entry: MapEntry): void {
    writeMapEntry(this.view, headerBytes + this.count * PAGE_ENTRY_BYTES, entry);
    this.count += 1;
  }

  async writeBlock(): Promise<void> {
    if (this.count === 0) return;
    const end = headerBytes + this.count * PAGE_ENTRY_BYTES;
    this.view.setUint32(0, this.count, true);
    this.view.setUint32(4, crc32(this.block.subarray(headerBytes, end)), true);
    for (let done = 0; done < end; ) done += (await this.file.write(this.block, done, end - done, this.positionBytes + done)).bytesWritten;
    this.positionBytes += end;
    this.block.fill(0);
    this.count = 0;
  }

  async finish(): Promise<void> {
    await this.writeBlock();
    await this.file.sync();
    await this.file.close();
  }

  async discard(): Promise<void> {
    await this.file.close();
  }
}

/**
 * Reads the entries of a map file in order; ends early at the first thing that is not what was written. Whoever needs to know first
 * asks {@link isMapFileSound}; a wrong map can never harm a backup, because both sides compare the volume's root.
 */
export async function* readMapFile(path: string): AsyncGenerator<MapEntry[]> {
  const file = await open(path, 'r');
  try {
    const block = Buffer.alloc(blockBytesMax);
    const view = new DataView(block.buffer, block.byteOffset, block.length);
    for (let at = 0; ; ) {
      if ((await readUpTo(file, block.subarray(0, headerBytes), at)) < headerBytes) return;
      const count = view.getUint32(0, true);
      const end = headerBytes + count * PAGE_ENTRY_BYTES;
      if (count === 0 || count > blockEntriesMax) return;
      if ((await readUpTo(file, block.subarray(headerBytes, end), at + headerBytes)) < end - headerBytes) return;
      if (crc32(block.subarray(headerBytes, end)) !== view.getUint32(4, true)) return;
      yield Array.from({ length: count }, (_, index) => readMapEntry(view, headerBytes + index * PAGE_ENTRY_BYTES) as MapEntry);
      at += end;
    }
  } finally {
    await file.close();
  }
}

/** Tells whether the file holds a gapless map of exactly `lengthBytes`, every block with its right CRC. */
export async function isMapFileSound(path: string, lengthBytes: number): Promise<boolean> {
  let next = 0;
  for await (const entries of readMapFile(path)) {
    for (const entry of entries) {
      if (entry.offsetBytes !== next) return false;
      next += entry.lengthBytes;
    }
  }
  return next === lengthBytes;
}

async function readUpTo(file: FileHandle, target: Buffer, positionBytes: number): Promise<number> {
  let done = 0;
  while (done < target.length) {
    const { bytesRead } = await file.read(target, done, target.length - done, positionBytes + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}
