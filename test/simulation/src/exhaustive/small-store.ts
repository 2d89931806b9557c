import { createIngest, type Ingest } from '@lifeboat/ingest';
import { compressChunk, digestOf } from '@lifeboat/codec';
import { ComputerName, MachineId, PageTreeBuilder, RestorePointId, TokenId, type Clock, type Digest, type RestorePointManifest } from '@lifeboat/model';
import { decodeFrame } from '@lifeboat/protocol';
import { openStore, type ChunkIndex, type Store, type StoreFs, type StoreLocker } from '@lifeboat/store';
import { draftOf, framesOf } from '../agent/backup-frames.js';
import type { ReferenceModel } from '../model/reference-model.js';
import { chunkOf, lengthOf, mapOf, type SimVolume } from '../model/sim-volume.js';
import { verifySessions } from '../model/verify-sessions.js';
import { verifyStore } from '../model/verify-store.js';
import { Chance } from '../world/chance.js';
import { ensure } from '../world/simulation-failed.js';
import type { StoreStep } from './list-cases.js';

/** The machine all small cases are about. */
export const smallMachine = MachineId.parse('ab'.repeat(16));
const computerName = ComputerName.parse('small');
const nowMs = 1_750_000_000_000;
const clock: Clock = { nowMs: () => nowMs, monotonicMs: () => nowMs, sleep: () => Promise.resolve() };
const hex = (number: number): string => number.toString(16).padStart(32, '0');
const chunkBytes = 1024;

/** A volume whose chunks are told by their seeds; neighbours share some. */
export const smallVolume = (from: number, count: number): SimVolume => ({
  volumeId: 'disk/0', runs: [...Array.from({ length: count }, (_, at) => ({ kind: 'data' as const, lengthBytes: chunkBytes, seed: from + at })), { kind: 'zero', lengthBytes: chunkBytes }],
});

/** What a store has promised; `chunks` are those that were flushed and that nothing names yet, `put` all that were put. */
export type Promises = Readonly<{ model: ReferenceModel; chunks: Set<Digest>; put: Set<Digest> }>;

/** What a small store is made of. */
export type SmallParts = Readonly<{ fs: StoreFs & Readonly<{ locker: StoreLocker }>; index: ChunkIndex; promises: Promises }>;

/** A store with its sessions that takes the steps of the exhaustive cases one after the other. */
export class SmallStore {
  private unflushed = new Set<Digest>();
  private opened: Readonly<{ store: Store; ingest: Ingest }> | undefined;

  constructor(private readonly parts: SmallParts) {}

  private get model(): ReferenceModel {
    return this.parts.promises.model;
  }

  get store(): Store {
    if (!this.opened) throw new TypeError('the store is not open');
    return this.opened.store;
  }

  async open(seed: number): Promise<void> {
    const random = new Chance(seed);
    const { fs, index } = this.parts;
    const store = await openStore({ path: '(small)', fs, locker: fs.locker, index, clock, random, packBytesTarget: 6 * 1024, owner: { host: 'small', pid: 1 } });
    this.opened = { store, ingest: await createIngest({ store, clock, random, parkedMaxMs: 1000 }) };
  }

  /** Compares everything with what was promised. */
  async verify(): Promise<void> {
    const { model, chunks } = this.parts.promises;
    await verifyStore(this.store, model, { machines: [smallMachine] });
    await verifySessions({ store: this.store, ingest: this.ingest }, model, [smallMachine]);
    for (const digest of chunks) ensure(digestOf(await this.store.readChunk(digest)) === digest, () => `chunk ${digest} is another one`);
  }

  /** Takes what is found for granted, as a backup does that begins now: chunks that need not be sent, sessions that go on. From here on it is promised. */
  async rely(): Promise<void> {
    const { model, chunks, put } = this.parts.promises;
    for (const digest of put) if (this.store.has(digest)) chunks.add(digest);
    for (const { sessionId, machineId, durableSeq } of this.ingest.list()) model.acked({ sessionId, machineId }, durableSeq);
    await this.store.flush();
  }

  async close(): Promise<void> {
    await this.opened?.ingest.close();
    await this.opened?.store.close();
  }

  /** Takes a step; `number` makes its content its own. */
  async take(step: StoreStep, number: number): Promise<void> {
    switch (step) {
      case 'put':
        return this.put(number);
      case 'flush':
        return this.flush();
      case 'commit':
        return this.commit(number);
      case 'ledger':
        this.model.recorded(await this.store.appendLedger({ type: 'enrolment-token.used', tokenId: TokenId.parse(hex(number)) }));
        return;
      case 'session':
        return this.session(number);
      case 'reopen':
        await this.close();
        this.promiseUnflushed();
        return this.open(1000 + number);
      case 'purge':
        return this.purge();
      case 'gc':
        // From here on nothing is promised any more of what nobody names.
        this.unflushed = new Set();
        this.parts.promises.chunks.clear();
        await this.store.collectGarbage({ sessions: (visit) => this.ingest.visitRoots(visit), trustedNowMs: nowMs, quarantineMs: 0, compactBelowLiveRatio: 1 });
    }
  }

  /** Two new chunks and one that is known from before. */
  private async put(number: number): Promise<void> {
    const chunks = [number * 3 + 40, 1, number * 3 + 41].map((seed) => chunkOf(seed, chunkBytes));
    const plain = Buffer.concat(chunks.map(({ bytes }) => bytes));
    const { codec, bytes: payload } = compressChunk(plain);
    await this.store.putSegment({ chunks: chunks.map(({ digest }) => ({ digest, lengthBytes: chunkBytes })), codec, plain, payload });
    for (const { digest } of chunks) {
      this.unflushed.add(digest);
      this.parts.promises.put.add(digest);
    }
  }

  private async flush(): Promise<void> {
    const group = [...this.unflushed];
    await this.store.flush();
    for (const digest of group) this.parts.promises.chunks.add(digest);
  }

  /** The point that a commit step with this number made in another life. */
  remember(number: number): void {
    const { attempt, volume, pointId } = pointOf(number);
    this.model.attempt({ attempt, machineId: smallMachine, volumes: [volume] });
    this.model.committed(attempt, smallMachine, pointId);
  }

  private async commit(number: number): Promise<void> {
    const { attempt, volume, pointId } = pointOf(number);
    this.model.attempt({ attempt, machineId: smallMachine, volumes: [volume] });
    const entries = mapOf(volume).flatMap((entry) => (entry.kind === 'data' ? [entry] : []));
    const plain = Buffer.concat(volume.runs.flatMap((run) => (run.kind === 'data' ? [chunkOf(run.seed, run.lengthBytes).bytes] : [])));
    await this.store.putSegment({ chunks: entries, codec: 'raw', plain, payload: plain });
    for (const page of pagesOf(volume).pages) await this.store.putPage(page);
    const manifest: RestorePointManifest = { ...draftOf([volume], attempt, null), pointId, machineId: smallMachine, computerName, createdAtMs: nowMs };
    await this.store.commitPoint(manifest);
    this.model.committed(attempt, smallMachine, pointId);
    this.promiseUnflushed();
  }

  /** The point of the store's past goes; it shares chunks with those that come. */
  private async purge(): Promise<void> {
    const { pointId } = pointOf(0);
    if (this.model.purged.has(pointId)) return;
    this.model.purging.add(pointId);
    await this.store.purgePoint(smallMachine, pointId);
    this.model.purged.add(pointId);
  }

  /** A backup session that stops after its first group. */
  private async session(number: number): Promise<void> {
    const volume = smallVolume(number * 2 + 60, 4);
    const session = await this.ingest.open({
      machineId: smallMachine, findBase: (pointId) => this.store.readManifest(smallMachine, pointId),
      open: { requestId: hex(number + 7000), jobId: null, basePointId: null, resumeSessionId: null, volumes: [{ volumeId: volume.volumeId, lengthBytes: lengthOf(volume) }] },
    });
    const known = { sessionId: session.sessionId, machineId: smallMachine };
    this.model.acked(known, 0);
    const [frame] = framesOf([volume], { batchEntries: 3, baseMaps: [] });
    const decoded = frame && decodeFrame(frame.bytes);
    if (decoded?.type !== 'batch') return;
    this.model.sending(known, 1, frame?.chunks ?? []);
    await session.accept(decoded);
    this.model.acked(known, (await session.commitGroup()).durableSeq);
  }

  private get ingest(): Ingest {
    if (!this.opened) throw new TypeError('the store is not open');
    return this.opened.ingest;
  }

  /** A commit, and a proper end, make everything durable that was put before. */
  private promiseUnflushed(): void {
    for (const digest of this.unflushed) this.parts.promises.chunks.add(digest);
    this.unflushed = new Set();
  }
}

function pointOf(number: number): Readonly<{ attempt: number; volume: SimVolume; pointId: RestorePointId }> {
  const attempt = 100 + number;
  return { attempt, volume: smallVolume(number * 2 + 2, 5), pointId: RestorePointId.parse(hex(attempt)) };
}

function pagesOf(volume: SimVolume): { root: Digest; pages: readonly { digest: Digest; bytes: Uint8Array }[] } {
  const pages: { digest: Digest; bytes: Uint8Array }[] = [];
  const builder = new PageTreeBuilder(lengthOf(volume), digestOf, (page) => pages.push(page));
  for (const entry of mapOf(volume)) builder.push(entry);
  return { root: builder.finish(), pages };
}
