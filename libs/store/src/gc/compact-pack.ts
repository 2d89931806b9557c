import { compressChunk } from '@lifeboat/codec';
import { isLifeboatError, type Digest, type PackId } from '@lifeboat/model';
import { StoreClosed, StoreFull, StoreReadOnly } from '../errors.js';
import { recordEntriesMax, recordPlainBytesMax, type RecordContent } from '../pack/segment-record.js';
import { listIntactPack, neededOf, type Judge } from './judge-pack.js';

/** `copied` everything needed lies in newer packs, durable and read back · `damaged` something could not be copied · `full` there is no space to copy to. */
export type Compaction = 'copied' | 'damaged' | 'full';

/**
 * Copies what is needed of a pack into new packs, verified when it is read and again when it was written. The pack itself stays as it is; when anything fails the
 * copies are duplicates, which a later collection finds.
 */
export async function compactPack(judge: Judge, packId: PackId, signal?: AbortSignal): Promise<Compaction> {
  try {
    const copied = await copyNeeded(judge, packId, signal);
    if (!copied) return 'damaged';
    await judge.ports.appender.flush();
    return (await areReadable(judge, packId, copied)) ? 'copied' : 'damaged';
  } catch (error) {
    if (error instanceof StoreFull) return 'full';
    if (!isLifeboatError(error) || error instanceof StoreReadOnly || error instanceof StoreClosed) throw error;
    return 'damaged';
  }
}

async function copyNeeded(judge: Judge, packId: PackId, signal: AbortSignal | undefined): Promise<Digest[] | undefined> {
  const listing = await listIntactPack(judge, packId);
  if (!listing) return undefined;
  const copied: Digest[] = [];
  const batch = new CopyBatch(judge);
  for (const record of listing.records) {
    signal?.throwIfAborted();
    for (const { digest, lengthBytes, entry } of await neededOf(judge, packId, record)) {
      const bytes = await judge.reader.read(digest, { packId, recordOffset: record.recordOffset, entry, lengthBytes });
      copied.push(digest);
      if (record.header.type === 'page') await putOne(judge, digest, bytes);
      else await batch.add(digest, bytes);
    }
  }
  await batch.put();
  return copied;
}

/** Copies count when they come back from the new pack: neither the encoder nor the disk is taken at its word. */
async function areReadable({ ports, reader }: Judge, packId: PackId, digests: readonly Digest[]): Promise<boolean> {
  for (const digest of digests) {
    const place = ports.appender.find(digest);
    if (!place || place.packId === packId) return false;
    await reader.read(digest, place);
  }
  return true;
}

async function putOne({ ports }: Judge, digest: Digest, bytes: Uint8Array): Promise<void> {
  const { codec, bytes: payload } = compressChunk(bytes);
  await ports.appender.putCopy({ type: 'page', codec, plainLengthBytes: bytes.length, payload, chunks: [{ digest, lengthBytes: bytes.length }] });
}

/** Chunks that become one record. */
class CopyBatch {
  private chunks: { digest: Digest; lengthBytes: number }[] = [];
  private parts: Uint8Array[] = [];
  private plainBytes = 0;

  constructor(private readonly judge: Judge) {}

  async add(digest: Digest, bytes: Uint8Array): Promise<void> {
    if (this.plainBytes + bytes.length > recordPlainBytesMax || this.chunks.length === recordEntriesMax) await this.put();
    this.chunks.push({ digest, lengthBytes: bytes.length });
    this.parts.push(bytes);
    this.plainBytes += bytes.length;
  }

  async put(): Promise<void> {
    if (this.chunks.length === 0) return;
    const { codec, bytes: payload } = compressChunk(Buffer.concat(this.parts));
    const content: RecordContent = { type: 'chunks', codec, plainLengthBytes: this.plainBytes, payload, chunks: this.chunks };
    [this.chunks, this.parts, this.plainBytes] = [[], [], 0];
    await this.judge.ports.appender.putCopy(content);
  }
}
