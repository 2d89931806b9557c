import { digestOf, expand } from '@lifeboat/codec';
import { isLifeboatError, KIB, MIB, type Digest, type PackId } from '@lifeboat/model';
import { isInvalid, type Invalid } from '../binary/binary.js';
import { ChunkDamaged } from '../errors.js';
import { readFullyAt } from '../fs/file-io.js';
import type { StoreFile } from '../fs/store-fs.js';
import type { ChunkPlace } from '../index/chunk-index.js';
import { listByFooter } from './list-records.js';
import type { PackFiles } from './pack-files.js';
import type { ScannedPack } from './scan-records.js';
import { decodeRecordHeader, decodeRecordTable, payloadOffsetOf, RECORD_HEADER_BYTES, recordLengthOf, type RecordEntry, type RecordHeader } from './segment-record.js';

/** Expanded segments kept for the next chunk of the same segment, unless told otherwise. */
const cacheBytesDefault = 64 * MIB;
/** Read at once for header, table and most small records. */
const firstReadBytes = 16 * KIB;

/** A record's expanded bytes and what is where in them. */
type Segment = Readonly<{ plain: Uint8Array; entries: readonly RecordEntry[] }>;
type Place = Readonly<{ packId: PackId; recordOffset: number }>;

/** Reads chunks and pages out of packs, each verified against its digest. */
export class SegmentReader {
  private readonly cached = new Map<string, Segment>();
  private cachedBytes = 0;
  private readonly loading = new Map<string, Promise<Segment | Invalid>>();

  constructor(
    private readonly packs: PackFiles,
    private readonly cacheBytesMax = cacheBytesDefault,
  ) {}

  /**
   * The bytes of the chunk at `place`: a view of a cached segment that must not be changed.
   * @throws ChunkDamaged (CHUNK_DAMAGED) for anything but exactly the bytes of `digest`.
   */
  async read(digest: Digest, place: ChunkPlace): Promise<Uint8Array> {
    const segment = await this.load(digest, place);
    const entry = segment.entries[place.entry];
    if (entry?.digest !== digest) throw damaged(digest, place, { reason: 'the record does not list the chunk' });
    const bytes = segment.plain.subarray(entry.offsetBytes, entry.offsetBytes + entry.lengthBytes);
    if (digestOf(bytes) !== digest) throw damaged(digest, place, { reason: 'digest' });
    return bytes;
  }

  private async load(digest: Digest, place: ChunkPlace): Promise<Segment> {
    const key = `${place.packId}:${String(place.recordOffset)}`;
    const cached = this.cached.get(key);
    if (cached) {
      this.cached.delete(key);
      this.cached.set(key, cached);
      return cached;
    }
    const segment = await this.loadOnce(key, digest, place);
    if (isInvalid(segment)) throw damaged(digest, place, { reason: segment.invalid });
    return segment;
  }

  /** Readers of the same segment share one read. */
  private async loadOnce(key: string, digest: Digest, place: ChunkPlace): Promise<Segment | Invalid> {
    try {
      return await (this.loading.get(key) ?? this.loadFromPack(key, place));
    } catch (error) {
      throw damaged(digest, place, { reason: isLifeboatError(error) ? error.code : 'the pack cannot be read', cause: error });
    }
  }

  private loadFromPack(key: string, place: Place): Promise<Segment | Invalid> {
    const loading = this.packs
      .withPack(place.packId, (file, path) => readSegment(file, path, place))
      .then((segment) => {
        if (!isInvalid(segment)) this.keep(key, segment);
        return segment;
      })
      .finally(() => this.loading.delete(key));
    this.loading.set(key, loading);
    return loading;
  }

  private keep(key: string, segment: Segment): void {
    this.cached.set(key, segment);
    this.cachedBytes += segment.plain.length;
    for (const [oldest, { plain }] of this.cached) {
      if (this.cachedBytes <= this.cacheBytesMax) break;
      this.cached.delete(oldest);
      this.cachedBytes -= plain.length;
    }
  }
}

async function readSegment(file: StoreFile, path: string, place: Place): Promise<Segment | Invalid> {
  const sizeBytes = await file.size();
  const first = new Uint8Array(Math.min(firstReadBytes, Math.max(0, sizeBytes - place.recordOffset)));
  if (first.length < RECORD_HEADER_BYTES) return { invalid: 'the pack ends before the record' };
  await readFullyAt(file, first, { path, offsetBytes: place.recordOffset });
  const own = decodeRecordHeader(first.subarray(0, RECORD_HEADER_BYTES), place.packId);
  if (isInvalid(own)) return (await readByFooter({ file, path, packId: place.packId, sizeBytes }, place)) ?? own;
  const bytes = new Uint8Array(recordLengthOf(own));
  bytes.set(first.subarray(0, bytes.length));
  if (bytes.length > first.length) await readFullyAt(file, bytes.subarray(first.length), { path, offsetBytes: place.recordOffset + first.length });
  const entries = decodeRecordTable(bytes.subarray(RECORD_HEADER_BYTES, payloadOffsetOf(own)), own);
  if (isInvalid(entries)) return (await readByFooter({ file, path, packId: place.packId, sizeBytes }, place)) ?? entries;
  return expandSegment(bytes, { header: own, entries });
}

/** The segment by the footer's copy of its header and table, for a record whose own have rotted; null when there is no such copy. */
async function readByFooter(pack: ScannedPack, { recordOffset }: Place): Promise<Segment | null> {
  const listed = (await listByFooter(pack))?.find((record) => record.recordOffset === recordOffset);
  if (!listed) return null;
  const bytes = new Uint8Array(recordLengthOf(listed.header));
  await readFullyAt(pack.file, bytes, { path: pack.path, offsetBytes: recordOffset });
  return expandSegment(bytes, listed);
}

/** The payload's checksum is not asked: the digest of each chunk decides, and spares the chunks of a segment that rot did not reach. */
function expandSegment(bytes: Uint8Array, { header, entries }: Readonly<{ header: RecordHeader; entries: readonly RecordEntry[] }>): Segment {
  const payloadAt = payloadOffsetOf(header);
  return { plain: expand(header.codec, bytes.subarray(payloadAt, payloadAt + header.storedLengthBytes), header.plainLengthBytes), entries };
}

function damaged(digest: Digest, place: ChunkPlace, why: Readonly<{ reason: string; cause?: unknown }>): ChunkDamaged {
  return new ChunkDamaged({ digest, packId: place.packId, offsetBytes: place.recordOffset, reason: why.reason }, why.cause);
}
