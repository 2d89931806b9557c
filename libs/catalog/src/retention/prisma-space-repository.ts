import { numberOf } from '../database/stored-values.js';
import type { PrismaClient } from '../generated/client.js';
import type { SpaceMemory, SpaceRepository, SpaceSample } from './space-repository.js';

const memoryId = 1;
const pressures = ['green', 'yellow', 'orange', 'red'] as const;

/** The history of the store's size, from the tables `space_sample` and `space_memory`. */
export class PrismaSpaceRepository implements SpaceRepository {
  constructor(private readonly prisma: PrismaClient) {}

  async add({ atMs, sizeBytes, usedBytes, freeBytes, reclaimableBytes, filesystemUsedBytes }: SpaceSample, keepSinceMs: number): Promise<void> {
    const row = { sizeBytes: BigInt(sizeBytes), usedBytes: BigInt(usedBytes), freeBytes: BigInt(freeBytes), reclaimableBytes: BigInt(reclaimableBytes), filesystemUsedBytes: BigInt(filesystemUsedBytes) };
    await this.prisma.spaceSample.upsert({ where: { atMs: BigInt(atMs) }, create: { atMs: BigInt(atMs), ...row }, update: row });
    await this.prisma.spaceSample.deleteMany({ where: { atMs: { lt: BigInt(keepSinceMs) } } });
  }

  async list(sinceMs: number): Promise<readonly SpaceSample[]> {
    const rows = await this.prisma.spaceSample.findMany({ where: { atMs: { gte: BigInt(sinceMs) } }, orderBy: { atMs: 'asc' } });
    return rows.map((row) => ({
      atMs: numberOf(row.atMs), sizeBytes: numberOf(row.sizeBytes), usedBytes: numberOf(row.usedBytes), freeBytes: numberOf(row.freeBytes), reclaimableBytes: numberOf(row.reclaimableBytes),
      filesystemUsedBytes: numberOf(row.filesystemUsedBytes),
    }));
  }

  async memory(): Promise<SpaceMemory | null> {
    const row = await this.prisma.spaceMemory.findUnique({ where: { id: memoryId } });
    const pressure = pressures.find((each) => each === row?.pressure);
    return row && pressure ? { sizeBytes: numberOf(row.sizeBytes), pressure } : null;
  }

  async remember({ sizeBytes, pressure }: SpaceMemory): Promise<void> {
    const row = { sizeBytes: BigInt(sizeBytes), pressure };
    await this.prisma.spaceMemory.upsert({ where: { id: memoryId }, create: { id: memoryId, ...row }, update: row });
  }
}
