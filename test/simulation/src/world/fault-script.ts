import type { FaultPlan, MemoryStoreFs } from '@lifeboat/store/testing';
import type { Chance } from './chance.js';
import { goodWire, type WireFaults } from './wire.js';

/** What goes wrong in one life of the server, besides its end. */
export type LifeFaults = Readonly<{ name: string; isBad: boolean; arm: (fs: MemoryStoreFs) => void }>;

/** Draws the disk's behaviour for one life of the server: mostly good, else one kind of fault. */
export function drawDiskFaults(chance: Chance): LifeFaults {
  switch (chance.below(10)) {
    case 0:
      // Legal at any time: everything must work as on any good disk.
      return { ...plan('short transfers', () => (operation) => ((operation === 'read' || operation === 'write') && chance.oneIn(4) ? 'short' : undefined)), isBad: false };
    case 1: {
      const code = chance.pick(['EIO', 'EIO', 'EMFILE'] as const);
      const after = chance.below(150);
      return plan(`${code} once`, (fs) => {
        const at = fs.operations + after;
        return (_operation, _path, count) => (count === at ? code : undefined);
      });
    }
    case 2: {
      const [from, count] = [chance.below(100), chance.between(1, 60)];
      return plan('ENOSPC for a while', (fs) => {
        const at = fs.operations + from;
        return (operation, _path, now) => (now >= at && now < at + count && (operation === 'write' || operation === 'open' || operation === 'mkdir' || operation === 'rename') ? enospcFor(operation) : undefined);
      });
    }
    case 3: {
      const roomBytes = chance.below(20_000);
      return { name: `${String(roomBytes)} bytes of room`, isBad: true, arm: (fs) => { fs.capacityBytes = fs.usedBytes() + roomBytes; } };
    }
    default:
      return { name: 'good', isBad: false, arm: () => undefined };
  }
}

/** Draws how bad the lines are. */
export function drawWireFaults(chance: Chance): WireFaults {
  const rate = (): number => (chance.oneIn(3) ? chance.pick([20, 60, 200] as const) : 0);
  return chance.oneIn(3) ? goodWire : { drop: rate(), duplicate: rate(), reorder: rate(), truncate: rate() * 2, flip: rate() * 2, cut: rate() };
}

function plan(name: string, make: (fs: MemoryStoreFs) => FaultPlan): LifeFaults {
  return { name, isBad: true, arm: (fs) => { fs.faults = make(fs); } };
}

/** Opening an existing file needs no room; only what makes or grows something fails. */
const enospcFor = (operation: string): string | undefined => (operation === 'open' ? undefined : 'ENOSPC');
