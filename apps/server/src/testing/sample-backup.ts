import { createCipheriv, randomBytes } from 'node:crypto';
import { compressChunk, digestOf } from '@lifeboat/codec';
import { KIB, PageTreeBuilder, type ManifestDraft, type MapEntry } from '@lifeboat/model';
import type { BatchFrame, VolumeEndFrame } from '@lifeboat/protocol';
import { SampleTransfer, type SampleAgent } from './sample-agent.js';
import type { TemporaryServer } from './temporary-server.js';

export const chunkBytes = 64 * KIB;

/** One volume of incompressible chunks with a hole of zeros in front; equal seeds give equal bytes. */
export class SampleVolume {
  readonly entries: readonly MapEntry[];
  readonly lengthBytes: number;
  readonly mapRoot: ReturnType<typeof digestOf>;

  constructor(
    private readonly seed: number,
    readonly chunks: number,
  ) {
    this.lengthBytes = (chunks + 1) * chunkBytes;
    const entries: MapEntry[] = [{ kind: 'zero', offsetBytes: 0, lengthBytes: chunkBytes }];
    for (let index = 0; index < chunks; index += 1) entries.push({ kind: 'data', offsetBytes: (index + 1) * chunkBytes, lengthBytes: chunkBytes, digest: digestOf(this.chunk(index)) });
    this.entries = entries;
    const builder = new PageTreeBuilder(this.lengthBytes, digestOf, () => undefined);
    for (const entry of entries) builder.push(entry);
    this.mapRoot = builder.finish();
  }

  chunk(index: number): Uint8Array {
    return createCipheriv('aes-128-ctr', Buffer.alloc(16, this.seed), Buffer.alloc(16, index)).update(Buffer.alloc(chunkBytes));
  }

  /** All bytes of the volume. */
  bytes(): Buffer {
    return Buffer.concat([Buffer.alloc(chunkBytes), ...Array.from({ length: this.chunks }, (_, index) => this.chunk(index))]);
  }

  /** Batches of up to eight chunks, then the end, numbered from 1. */
  frames(): (BatchFrame | VolumeEndFrame)[] {
    const frames: (BatchFrame | VolumeEndFrame)[] = [];
    for (let start = 0; start < this.entries.length; start += 8) {
      const entries = this.entries.slice(start, start + 8);
      const plain = Buffer.concat(entries.flatMap((entry) => (entry.kind === 'data' ? [this.chunk(entry.offsetBytes / chunkBytes - 1)] : [])));
      const { codec, bytes } = compressChunk(plain);
      frames.push({ type: 'batch', seq: frames.length + 1, volume: 0, entries, codec, plainLengthBytes: plain.length, payload: bytes });
    }
    frames.push({ type: 'volume-end', seq: frames.length + 1, volume: 0, mapRoot: this.mapRoot });
    return frames;
  }

  openRequest(): Record<string, unknown> {
    return { requestId: randomBytes(16).toString('hex'), jobId: null, volumes: [{ volumeId: 'disk/whole', lengthBytes: this.lengthBytes }], basePointId: null, resumeSessionId: null };
  }

  draft(): ManifestDraft {
    const dataBytes = this.chunks * chunkBytes;
    return {
      v: 1, agentStartedAtMs: 1, durationMs: 1, agentVersion: '0.1.0', os: { platform: 'linux', release: '6.1', hostname: 'sample' }, kind: 'full', basePointId: null,
      consistency: 'offline', state: 'good', bytes: { source: this.lengthBytes, used: dataBytes, read: dataBytes, changed: dataBytes, sent: dataBytes, stored: 0 },
      disks: [{
        facts: { diskId: 'disk', path: '/tmp/disk.img', kind: 'image', model: null, serial: null },
        layout: { sizeBytes: this.lengthBytes, logicalSectorBytes: 512, physicalSectorBytes: 512, table: 'none', tableId: null, partitions: [], tableSectors: [], warnings: [] },
        volumes: [{
          volumeId: 'disk/whole', role: 'whole-disk', partitionNumber: null, offsetBytes: 0, lengthBytes: this.lengthBytes, filesystem: 'unknown', label: null, uuid: null,
          cutter: 'fixed', tracker: 'none', consistency: 'offline', state: 'good', mapRoot: this.mapRoot,
          counts: { dataBytes, zeroBytes: chunkBytes, unallocatedBytes: 0, unreadableBytes: 0 }, warnings: [],
        }],
      }],
    };
  }
}

/** Opens the data plane with a ticket that must be good. */
export async function openTransfer(server: TemporaryServer, ticket: unknown): Promise<SampleTransfer> {
  const transfer = await SampleTransfer.open(server.url, String(ticket));
  if (typeof transfer === 'number') throw new TypeError(`the data plane answered ${String(transfer)}`);
  return transfer;
}

/** A whole backup from open to commit. @returns the point's id. */
export async function backUp(server: TemporaryServer, agent: SampleAgent, volume: SampleVolume): Promise<string> {
  const opened = await agent.ask('session.open', volume.openRequest());
  const transfer = await openTransfer(server, opened['ticket']);
  const frames = volume.frames();
  for (const frame of frames) transfer.send(frame);
  await transfer.untilDurable(frames.length);
  transfer.close();
  const committed = await agent.ask('session.commit', { sessionId: opened['sessionId'], draft: volume.draft() });
  return String(committed['pointId']);
}
