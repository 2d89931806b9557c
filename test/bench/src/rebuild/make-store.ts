import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { compressChunk, digestOf, systemClock, systemRandom } from '@lifeboat/codec';
import { ComputerName, KIB, MachineId, MIB, noBytes, PageTreeBuilder, PublicKey, randomHex128, RestorePointId, type Digest, type MapEntry, type RestorePointManifest } from '@lifeboat/model';
import { openStore, type Store } from '@lifeboat/store';

const chunkBytes = 64 * KIB;
const chunksPerSegment = MIB / chunkBytes;

/** What the store is to hold. */
export type StoreShape = Readonly<{ machines: number; pointsPerMachine: number; volumeBytes: number; changedShare: number }>;

/** Makes a store in `dataDir/store` as agents would: machines whose every point changes a share of the chunks, scattered. */
export async function makeStore(dataDir: string, shape: StoreShape): Promise<void> {
  await mkdir(join(dataDir, 'store'), { recursive: true });
  const store = await openStore({ path: join(dataDir, 'store'), clock: systemClock, random: systemRandom });
  try {
    for (let machine = 0; machine < shape.machines; machine += 1) await fillMachine(store, machine, shape);
  } finally {
    await store.close();
  }
}

async function fillMachine(store: Store, machine: number, shape: StoreShape): Promise<void> {
  const machineId = MachineId.parse(randomHex128(systemRandom));
  const name = ComputerName.parse(`BENCH-${String(machine + 1)}`);
  await store.appendLedger({
    type: 'machine.enrolled', machineId, name, publicKey: PublicKey.parse(Buffer.from(systemRandom.bytes(32)).toString('base64')),
    facts: { hostname: name, platform: 'linux', release: '6.1', agentVersion: '0.1.0', diskSerials: [], macAddresses: [] },
  });
  const chunks = Math.floor(shape.volumeBytes / chunkBytes);
  const digests: Digest[] = [];
  for (let point = 0; point < shape.pointsPerMachine; point += 1) {
    const changed = point === 0 ? Array.from({ length: chunks }, (_, index) => index) : scattered(chunks, Math.ceil(chunks * shape.changedShare));
    for (let at = 0; at < changed.length; at += chunksPerSegment) await putChunks(store, changed.slice(at, at + chunksPerSegment), digests);
    await store.commitPoint(manifestOf({ machineId, name, mapRoot: await putMap(store, digests), lengthBytes: chunks * chunkBytes, point }));
  }
}

function scattered(count: number, wanted: number): number[] {
  const chosen = new Set<number>();
  while (chosen.size < wanted) chosen.add(Math.floor(Math.random() * count));
  return [...chosen];
}

/** Half random, half zero bytes: compresses to about half, as disks do. */
async function putChunks(store: Store, indexes: readonly number[], digests: Digest[]): Promise<void> {
  const plain = Buffer.alloc(indexes.length * chunkBytes);
  const chunks = indexes.map((index, at) => {
    plain.set(systemRandom.bytes(chunkBytes / 2), at * chunkBytes);
    const digest = digestOf(plain.subarray(at * chunkBytes, (at + 1) * chunkBytes));
    digests[index] = digest;
    return { digest, lengthBytes: chunkBytes };
  });
  const { codec, bytes: payload } = compressChunk(plain);
  await store.putSegment({ chunks, codec, plain, payload });
}

async function putMap(store: Store, digests: readonly Digest[]): Promise<Digest> {
  const pages: { digest: Digest; bytes: Uint8Array }[] = [];
  const builder = new PageTreeBuilder(digests.length * chunkBytes, digestOf, (page) => pages.push(page));
  for (const [index, digest] of digests.entries()) builder.push({ kind: 'data', offsetBytes: index * chunkBytes, lengthBytes: chunkBytes, digest } satisfies MapEntry);
  const root = builder.finish();
  for (const page of pages) await store.putPage(page);
  return root;
}

function manifestOf(of: Readonly<{ machineId: MachineId; name: ComputerName; mapRoot: Digest; lengthBytes: number; point: number }>): RestorePointManifest {
  const createdAtMs = Date.UTC(2026, 0, 1) + of.point * 86_400_000;
  return {
    v: 1, pointId: RestorePointId.parse(randomHex128(systemRandom)), machineId: of.machineId, computerName: of.name, createdAtMs, agentStartedAtMs: createdAtMs, durationMs: 1000, agentVersion: '0.1.0',
    os: { platform: 'linux', release: '6.1', hostname: of.name }, kind: of.point === 0 ? 'full' : 'incremental', basePointId: null, consistency: 'offline', state: 'good', bytes: { ...noBytes, used: of.lengthBytes },
    disks: [{
      facts: { diskId: 'disk0', path: '/disk.img', kind: 'image', model: null, serial: null },
      layout: { sizeBytes: of.lengthBytes, logicalSectorBytes: 512, physicalSectorBytes: 512, table: 'none', tableId: null, partitions: [], tableSectors: [], warnings: [] },
      volumes: [{
        volumeId: 'disk0/whole', role: 'whole-disk', partitionNumber: null, offsetBytes: 0, lengthBytes: of.lengthBytes, filesystem: 'ext4', label: null, uuid: null, cutter: 'fixed', tracker: 'none',
        consistency: 'offline', state: 'good', mapRoot: of.mapRoot, counts: { dataBytes: of.lengthBytes, zeroBytes: 0, unallocatedBytes: 0, unreadableBytes: 0 }, warnings: [],
      }],
    }],
  };
}
