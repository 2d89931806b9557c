import { assertInvariant, type PackId } from '@lifeboat/model';
import { isNoSpace } from '../fs/errno.js';
import { syncDirectory, syncFile, writeFullyAt } from '../fs/file-io.js';
import type { StoreFile, StoreFs } from '../fs/store-fs.js';
import { encodeFooter, type FooterEntry } from './pack-footer.js';
import { encodePackHeader, PACK_HEADER_BYTES, type PackHeader } from './pack-header.js';
import { openDirectory, openPathOf, packsDirectory, sealedDirectoryOf, sealedPathOf } from './pack-paths.js';
import { encodeRecord, RECORD_ENTRY_BYTES, RECORD_HEADER_BYTES, recordBytesMax, type RecordContent } from './segment-record.js';

/** What a pack already holds when recovery takes it over to seal it. */
export type PackRemains = Readonly<{ records: readonly FooterEntry[]; endBytes: number }>;

/**
 * A pack that grows by whole records, then is sealed. Callers append one after the other; `sync` may run beside appends.
 * Errors are the file system's; whoever owns the pack decides what they mean.
 */
export class OpenPack {
  private recordNo = 0;
  private headerCrc = 0;
  private endBytes = PACK_HEADER_BYTES;
  private readonly footer: FooterEntry[] = [];
  /** Appends come one after the other, so one buffer serves them all; a new one each would keep the garbage collector busy. */
  private scratch = new Uint8Array();
  private sealing: Promise<number | null> | undefined;

  private constructor(
    private readonly fs: StoreFs,
    private readonly file: StoreFile,
    readonly packId: PackId,
  ) {}

  /** Makes the file with its header; both the header and the name are durable when it resolves, before anything in it can be acknowledged. */
  static async create(fs: StoreFs, header: PackHeader): Promise<OpenPack> {
    const path = openPathOf(header.packId);
    const file = await fs.open(path, 'create');
    try {
      await writeFullyAt(file, encodePackHeader(header), { path, offsetBytes: 0 });
      await syncFile(file, path);
      await syncDirectory(fs, openDirectory);
    } catch (error) {
      await file.close();
      // Only a file without any record is removed, so that a full disk does not fill up with empty packs.
      if (isNoSpace(error)) await fs.unlink(path);
      throw error;
    }
    return new OpenPack(fs, file, header.packId);
  }

  /** Takes over a pack found after a crash in order to seal it; records are not appended to it. */
  static async resume(fs: StoreFs, header: PackHeader, remains: PackRemains): Promise<OpenPack> {
    const pack = new OpenPack(fs, await fs.open(openPathOf(header.packId), 'write'), header.packId);
    pack.footer.push(...remains.records);
    pack.endBytes = remains.endBytes;
    return pack;
  }

  /** Bytes up to the end of the last record. */
  get sizeBytes(): number {
    return this.endBytes;
  }

  /** Tells whether the pack is sealed or about to be: it gets no more records. */
  get isClosed(): boolean {
    return this.sealing !== undefined;
  }

  /** Writes one record at the end. When it fails for lack of space, the pack is as before. */
  async append(content: RecordContent): Promise<{ recordOffset: number; storedBytes: number }> {
    assertInvariant(!this.isClosed, 'a sealed pack gets no records', { packId: this.packId });
    if (this.scratch.length === 0) this.scratch = new Uint8Array(recordBytesMax);
    const { bytes, headerCrc } = encodeRecord(content, { packId: this.packId, recordNo: this.recordNo, previousHeaderCrc: this.headerCrc }, this.scratch);
    const recordOffset = this.endBytes;
    try {
      await writeFullyAt(this.file, bytes, { path: openPathOf(this.packId), offsetBytes: recordOffset });
    } catch (error) {
      if (isNoSpace(error)) await this.file.truncate(recordOffset);
      throw error;
    }
    this.footer.push({ recordOffset, headerAndTable: bytes.slice(0, RECORD_HEADER_BYTES + content.chunks.length * RECORD_ENTRY_BYTES) });
    this.recordNo += 1;
    this.headerCrc = headerCrc;
    this.endBytes = recordOffset + bytes.length;
    return { recordOffset, storedBytes: bytes.length };
  }

  /** Every record appended before the call is durable when it resolves. */
  async sync(): Promise<void> {
    if (this.sealing) await this.sealing;
    else await syncFile(this.file, openPathOf(this.packId));
  }

  /**
   * Ends the pack: footer and trailers, sync, move to the sealed packs, sync of both directories, close. Later calls share the first.
   * @returns bytes of the sealed file, or null when there was no space for the footer; the records are durable all the same and the next
   *   start seals the pack.
   */
  seal(): Promise<number | null> {
    this.sealing ??= this.sealOnce();
    return this.sealing;
  }

  /** Closes the file without sealing. */
  async abandon(): Promise<void> {
    await this.file.close();
  }

  private async sealOnce(): Promise<number | null> {
    const footer = encodeFooter(this.packId, this.endBytes, this.footer);
    try {
      const written = await this.writeFooter(footer);
      await syncFile(this.file, openPathOf(this.packId));
      return written && (await this.moveToSealed()) ? this.endBytes + footer.length : null;
    } finally {
      await this.file.close();
    }
  }

  private async writeFooter(footer: Uint8Array): Promise<boolean> {
    try {
      await writeFullyAt(this.file, footer, { path: openPathOf(this.packId), offsetBytes: this.endBytes });
      return true;
    } catch (error) {
      if (!isNoSpace(error)) throw error;
      await this.file.truncate(this.endBytes);
      return false;
    }
  }

  private async moveToSealed(): Promise<boolean> {
    try {
      await moveToSealed(this.fs, this.packId);
      return true;
    } catch (error) {
      if (!isNoSpace(error)) throw error;
      return false;
    }
  }
}

/** Moves a pack with footer and trailers from `open/` to `packs/`; the new name is durable before the old one may vanish. */
export async function moveToSealed(fs: StoreFs, packId: PackId): Promise<void> {
  const directory = sealedDirectoryOf(packId);
  if (!(await fs.exists(directory))) {
    await fs.mkdir(directory);
    await syncDirectory(fs, packsDirectory);
  }
  await fs.rename(openPathOf(packId), sealedPathOf(packId));
  await syncDirectory(fs, directory);
  await syncDirectory(fs, openDirectory);
}
