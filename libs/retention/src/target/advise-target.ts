import { days, GIB, MIB } from '@lifeboat/model';

/** A computer that is backed up; `diskIds` name physical disks (serial or WWN) and compare with the store's. */
export type ProtectedMachine = Readonly<{ name: string; diskIds: readonly string[]; usedBytes: number }>;

/** What the filesystem held and what of it was the store's, at one moment. */
export type FilesystemSample = Readonly<{ atMs: number; filesystemUsedBytes: number; storeUsedBytes: number }>;

/** What is known of where a store lies. `diskIds` are the physical disks under its filesystem; null means not measured. */
export type TargetFacts = Readonly<{
  mountPoint: string;
  device: string;
  diskIds: readonly string[];
  holdsOperatingSystem: boolean;
  /** Size of the filesystem, or the quota. */
  sizeBytes: number;
  machines: readonly ProtectedMachine[];
  /** In any order; the last 14 days count. */
  samples: readonly FilesystemSample[];
  health: 'good' | 'failing' | 'unknown';
  writeBytesPerSecond: number | null;
  syncMs: number | null;
  nowMs: number;
}>;

export type TargetAdviceCode =
  | 'STORE_ON_PROTECTED_DISK' | 'STORE_DISK_FAILING' | 'STORE_ON_SYSTEM_DISK' | 'STORE_SMALLER_THAN_ADVISED' | 'STORE_FILLED_BY_OTHERS' | 'STORE_NOT_DEDICATED' | 'STORE_DISK_SLOW';

/** `critical` loses backups with what they protect, `warning` costs history or time, `hint` is good advice. */
export type TargetAdvice = Readonly<{ code: TargetAdviceCode; severity: 'critical' | 'warning' | 'hint'; text: string }>;

/** A store should hold half as much again as what it protects. */
const sizeFactor = 1.5;
const watchMs = days(14);
/** Foreign growth counts when it is more than noise, and more than our own. */
const foreignGrowthBytesMin = GIB;
const dedicatedForeignShare = 0.05;
const slowBytesPerSecond = 40 * MIB;
const slowSyncMs = 200;

/** Says what is wrong with the place of a store, worst first, in words that name mount point and device. */
export function adviseTarget(facts: TargetFacts): TargetAdvice[] {
  const place = `${facts.mountPoint} (${facts.device})`;
  const advice: TargetAdvice[] = [];
  const shared = facts.machines.filter((machine) => machine.diskIds.some((id) => facts.diskIds.includes(id)));
  if (shared.length > 0) {
    advice.push({ code: 'STORE_ON_PROTECTED_DISK', severity: 'critical', text: `The store on ${place} lies on a disk of ${namesOf(shared)}, which it protects: when that disk fails, both are lost. Move the store to another disk.` });
  }
  if (facts.health === 'failing') advice.push({ code: 'STORE_DISK_FAILING', severity: 'critical', text: `The disk under ${place} reports that it is failing. Replace it.` });
  if (facts.holdsOperatingSystem) {
    advice.push({ code: 'STORE_ON_SYSTEM_DISK', severity: 'warning', text: `The store on ${place} shares its disk with the operating system of this server. Give it a disk of its own.` });
  }
  const usedBytes = facts.machines.reduce((sum, machine) => sum + machine.usedBytes, 0);
  if (facts.sizeBytes < usedBytes * sizeFactor) {
    advice.push({
      code: 'STORE_SMALLER_THAN_ADVISED', severity: 'warning',
      text: `The store on ${place} has ${inGib(facts.sizeBytes)}, ${(facts.sizeBytes / usedBytes).toFixed(1)} times the ${inGib(usedBytes)} that its machines use; ${String(sizeFactor)} times is advised. History will be short.`,
    });
  }
  advice.push(...foreignAdvice(facts, place), ...speedAdvice(facts, place));
  return advice;
}

function foreignAdvice(facts: TargetFacts, place: string): TargetAdvice[] {
  const samples = facts.samples.filter((sample) => sample.atMs <= facts.nowMs && sample.atMs >= facts.nowMs - watchMs).sort((a, b) => a.atMs - b.atMs);
  const [first] = samples;
  const last = samples.at(-1);
  if (first === undefined || last === undefined) return [];
  const foreignBytes = foreignOf(last);
  const grewBytes = foreignBytes - foreignOf(first);
  const oursGrewBytes = last.storeUsedBytes - first.storeUsedBytes;
  if (grewBytes >= foreignGrowthBytesMin && grewBytes > oursGrewBytes) {
    return [{
      code: 'STORE_FILLED_BY_OTHERS', severity: 'warning',
      text: `Other programs wrote ${inGib(grewBytes)} to ${place} since ${new Date(first.atMs).toISOString().slice(0, 10)}, the store ${inGib(Math.max(0, oursGrewBytes))}: they cost it history. Find them, or move the store.`,
    }];
  }
  if (foreignBytes <= facts.sizeBytes * dedicatedForeignShare) return [];
  return [{ code: 'STORE_NOT_DEDICATED', severity: 'hint', text: `${inGib(foreignBytes)} on ${place} belong to other programs. A filesystem of its own keeps the store from being filled by them.` }];
}

function speedAdvice(facts: TargetFacts, place: string): TargetAdvice[] {
  const slow = (facts.writeBytesPerSecond !== null && facts.writeBytesPerSecond < slowBytesPerSecond) || (facts.syncMs !== null && facts.syncMs > slowSyncMs);
  if (!slow) return [];
  const measured = [
    ...(facts.writeBytesPerSecond === null ? [] : [`writes ${String(Math.round(facts.writeBytesPerSecond / MIB))} MiB/s`]), ...(facts.syncMs === null ? [] : [`needs ${String(Math.round(facts.syncMs))} ms to make a write durable`]),
  ];
  return [{ code: 'STORE_DISK_SLOW', severity: 'hint', text: `The disk under ${place} ${measured.join(' and ')}. Backups will wait for it.` }];
}

function foreignOf(sample: FilesystemSample): number {
  return Math.max(0, sample.filesystemUsedBytes - sample.storeUsedBytes);
}

function namesOf(machines: readonly ProtectedMachine[]): string {
  const shown = machines.slice(0, 3).map((machine) => machine.name).join(', ');
  return machines.length > 3 ? `${shown} and ${String(machines.length - 3)} more` : shown;
}

function inGib(bytes: number): string {
  return `${(bytes / GIB).toFixed(bytes < 10 * GIB ? 1 : 0)} GiB`;
}
