import { performance } from 'node:perf_hooks';
import { KIB, type Extent } from '@lifeboat/model';
import { NbdClient } from '@lifeboat/restore/testing';

const readBytes = 4 * KIB;
const commandRead = 0;
const commandBlockStatus = 7;
const statusBytesMax = 0x7fff0000;

export type RandomReads = Readonly<{ count: number; wallMs: number; medianMs: number; p99Ms: number }>;

/** Extents of an export that hold data, as its block status tells. */
export async function findData(socketPath: string, sizeBytes: number): Promise<Extent[]> {
  const client = await NbdClient.connect({ path: socketPath });
  await client.go();
  const data: Extent[] = [];
  for (let at = 0; at < sizeBytes; ) {
    client.request(commandBlockStatus, at, Math.min(statusBytesMax, sizeBytes - at));
    const [reply] = await client.takeChunks();
    const payload = reply?.payload ?? Buffer.alloc(0);
    for (let place = 4; place < payload.length; place += 8) {
      const lengthBytes = payload.readUInt32BE(place);
      if (payload.readUInt32BE(place + 4) === 0) data.push({ offsetBytes: at, lengthBytes });
      at += lengthBytes;
    }
  }
  await client.disconnect();
  return data;
}

/** Places of 4 KiB inside `data`, the same for the same seed. */
export function placesIn(data: readonly Extent[], count: number, seed: number): number[] {
  const blocks = data.map((extent) => Math.floor(extent.lengthBytes / readBytes));
  const total = blocks.reduce((sum, blockCount) => sum + blockCount, 0);
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    let block = Math.floor((state / 2 ** 32) * total);
    let index = 0;
    for (; block >= (blocks[index] ?? Number.POSITIVE_INFINITY); index += 1) block -= blocks[index] ?? 0;
    return (data[index]?.offsetBytes ?? 0) + block * readBytes;
  });
}

/** Reads 4 KiB at each place with so many reads in flight, over one connection. */
export async function readAtRandom(socketPath: string, places: readonly number[], depth: number): Promise<RandomReads> {
  const client = await NbdClient.connect({ path: socketPath });
  await client.go();
  const sentAt = new Map<bigint, number>();
  const latencies: number[] = [];
  let next = 0;
  const send = (): void => {
    const place = places[next];
    if (place === undefined) return;
    next += 1;
    sentAt.set(client.request(commandRead, place, readBytes), performance.now());
  };
  const startedMs = performance.now();
  for (let count = 0; count < depth; count += 1) send();
  while (sentAt.size > 0) {
    const reply = await client.takeReply();
    if (reply?.kind !== 'chunk') throw new TypeError('a chunk was expected');
    if (reply.type >= 0x8000) throw new RangeError('a read failed');
    if ((reply.flags & 1) === 0) continue;
    latencies.push(performance.now() - (sentAt.get(reply.cookie) ?? 0));
    sentAt.delete(reply.cookie);
    send();
  }
  const wallMs = performance.now() - startedMs;
  await client.disconnect();
  latencies.sort((left, right) => left - right);
  const at = (share: number): number => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0;
  return { count: latencies.length, wallMs, medianMs: at(0.5), p99Ms: at(0.99) };
}
