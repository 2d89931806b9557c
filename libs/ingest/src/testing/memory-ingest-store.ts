import { digestOf } from '@lifeboat/codec';
import { assertInvariant, walkPages, type Digest, type LedgerRecord, type MachineId, type PageSource, type RestorePointId, type RestorePointManifest } from '@lifeboat/model';
import { ChunkMissing, PointClosureBroken, PointMissing, StoreFull, type ReceivedPage, type ReceivedSegment } from '@lifeboat/store';
import type { IngestStore } from '../ingest-store.js';
import { MemorySessionsFs } from './memory-sessions-fs.js';

/** A store in memory that loses what was not flushed when it crashes, and can be full. Keeps the promises of the real one, not its format. */
export class MemoryIngestStore implements IngestStore {
  readonly sessionsFs = new MemorySessionsFs();
  readonly ledger: LedgerRecord[] = [];
  private readonly durable = new Map<Digest, Uint8Array>();
  private unflushed = new Map<Digest, Uint8Array>();
  private readonly manifests = new Map<RestorePointId, RestorePointManifest>();
  private fullAfterPuts: number | undefined;

  /** The store is full after so many more puts, until {@link makeRoom}. */
  fillUp(afterPuts = 0): void {
    this.fullAfterPuts = afterPuts;
  }

  makeRoom(): void {
    this.fullAfterPuts = undefined;
  }

  crash(pick: (choices: number) => number): void {
    for (const [digest, bytes] of this.unflushed) if (pick(2) === 0) this.durable.set(digest, bytes);
    this.unflushed = new Map();
    this.sessionsFs.crash(pick);
    this.makeRoom();
  }

  /** Forgets a chunk or page, as damage would. */
  lose(digest: Digest): void {
    this.durable.delete(digest);
    this.unflushed.delete(digest);
  }

  get digests(): readonly Digest[] {
    return [...this.durable.keys(), ...this.unflushed.keys()];
  }

  async putSegment({ chunks, plain, payload }: ReceivedSegment): Promise<{ storedBytes: number; newChunks: number }> {
    let newChunks = 0;
    let at = 0;
    for (const { digest, lengthBytes } of chunks) {
      const bytes = plain.slice(at, at + lengthBytes);
      assertInvariant(digestOf(bytes) === digest, 'the session verified every chunk');
      at += lengthBytes;
      if (this.has(digest)) continue;
      await this.assertRoom();
      this.unflushed.set(digest, bytes);
      newChunks += 1;
    }
    assertInvariant(at === plain.length, 'chunks add up to the segment');
    return { storedBytes: newChunks === 0 ? 0 : payload.length, newChunks };
  }

  async putPage({ digest, bytes }: ReceivedPage): Promise<{ storedBytes: number }> {
    if (this.has(digest)) return { storedBytes: 0 };
    await this.assertRoom();
    this.unflushed.set(digest, bytes.slice());
    return { storedBytes: bytes.length };
  }

  async flush(): Promise<void> {
    await Promise.resolve();
    for (const [digest, bytes] of this.unflushed) this.durable.set(digest, bytes);
    this.unflushed = new Map();
  }

  has(digest: Digest): boolean {
    return this.durable.has(digest) || this.unflushed.has(digest);
  }

  readonly readPage: PageSource = async (digest) => {
    await Promise.resolve();
    const bytes = this.durable.get(digest) ?? this.unflushed.get(digest);
    if (!bytes) throw new ChunkMissing(digest);
    return bytes;
  };

  async commitPoint(manifest: RestorePointManifest): Promise<{ manifestDigest: Digest; seq: number }> {
    await this.flush();
    const missing: Digest[] = [];
    for (const volume of manifest.disks.flatMap((disk) => disk.volumes)) {
      await walkPages({ root: volume.mapRoot, lengthBytes: volume.lengthBytes, getPage: this.readPage }, (_, page) => {
        for (const entry of page.entries) if ('digest' in entry && !this.durable.has(entry.digest)) missing.push(entry.digest);
        return true;
      });
    }
    if (missing.length > 0) throw new PointClosureBroken(missing, missing.length);
    const manifestDigest = digestOf(Buffer.from(JSON.stringify(manifest)));
    this.manifests.set(manifest.pointId, structuredClone(manifest));
    const seq = this.ledger.length + 1;
    this.ledger.push({ seq, atMs: 0, event: { type: 'point.committed', pointId: manifest.pointId, machineId: manifest.machineId, manifestDigest } });
    return { manifestDigest, seq };
  }

  async readManifest(machineId: MachineId, pointId: RestorePointId): Promise<RestorePointManifest> {
    await Promise.resolve();
    const manifest = this.manifests.get(pointId);
    if (manifest?.machineId !== machineId) throw new PointMissing({ machineId, pointId });
    return manifest;
  }

  async *readLedger(fromSeq: number): AsyncGenerator<LedgerRecord> {
    await Promise.resolve();
    yield* this.ledger.slice(fromSeq - 1);
  }

  private async assertRoom(): Promise<void> {
    await Promise.resolve();
    if (this.fullAfterPuts === undefined) return;
    if (this.fullAfterPuts === 0) throw new StoreFull();
    this.fullAfterPuts -= 1;
  }
}
