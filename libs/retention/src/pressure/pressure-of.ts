import { hours, type StoreSettings } from '@lifeboat/model';
import type { Pressure, StoreSpace } from '../state/retention-state.js';

const rank: Readonly<Record<Pressure, number>> = { green: 0, yellow: 1, orange: 2, red: 3 };
/** Share of the inodes that must stay free for the ledger and garbage collection. */
const inodeReservePercent = 1;

/** One thing that can run out: bytes or inodes. `projectedFree` is what is left when running sessions have written what they reserved. */
export type Supply = Readonly<{ total: number; projectedFree: number; reserve: number }>;

/** Bytes of the store as a supply. */
export function bytesOf(space: StoreSpace): Supply {
  return { total: space.sizeBytes, projectedFree: space.freeBytes - space.reservedBytes, reserve: space.reserveBytes };
}

/** Inodes of the store's filesystem as a supply; null where it makes them as needed. */
export function inodesOf(space: StoreSpace): Supply | null {
  if (space.inodesTotal === 0) return null;
  return { total: space.inodesTotal, projectedFree: space.inodesFree - space.reservedInodes, reserve: Math.floor((space.inodesTotal * inodeReservePercent) / 100) };
}

/** Tells whether `pressure` is at least as tight as `least`. */
export function isAtLeast(pressure: Pressure, least: Pressure): boolean {
  return rank[pressure] >= rank[least];
}

/**
 * How tight room is: the worse of bytes and inodes, each with what running sessions will still take.
 * Between the yellow and the green mark it stays yellow until green is reached, when it was not green before.
 */
export function pressureOf(space: StoreSpace, settings: StoreSettings, before: Pressure | null = null): Pressure {
  const inodes = inodesOf(space);
  const bytes = pressureOfSupply(bytesOf(space), settings, before);
  const other = inodes === null ? 'green' : pressureOfSupply(inodes, settings, before);
  return isAtLeast(other, bytes) ? other : bytes;
}

function pressureOfSupply(supply: Supply, settings: StoreSettings, before: Pressure | null): Pressure {
  const { projectedFree, reserve } = supply;
  if (projectedFree < reserve) return 'red';
  if (projectedFree < mark(supply, settings.orangeFreePercent)) return 'orange';
  if (projectedFree < mark(supply, settings.yellowFreePercent)) return 'yellow';
  const relieving = before !== null && before !== 'green';
  return relieving && projectedFree < reliefMark(supply, settings) ? 'yellow' : 'green';
}

/** How much must be free for pressure to end: the green mark, and above the reserve in any case. */
export function reliefMark(supply: Supply, settings: StoreSettings): number {
  const green = mark(supply, settings.greenFreePercent);
  return Math.max(green, supply.reserve + green - mark(supply, settings.yellowFreePercent));
}

function mark(supply: Supply, percent: number): number {
  return Math.floor((supply.total * percent) / 100);
}

/**
 * How long something condemned can be brought back at this pressure: points until they are purged, packs until garbage collection deletes them.
 * The store's own time while green; at most 24 hours, 1 hour and not at all as room gets tight.
 */
export function quarantineMs(pressure: Pressure, settings: StoreSettings): number {
  switch (pressure) {
    case 'green': return settings.undeleteMs;
    case 'yellow': return Math.min(settings.undeleteMs, hours(24));
    case 'orange': return Math.min(settings.undeleteMs, hours(1));
    case 'red': return 0;
  }
}
