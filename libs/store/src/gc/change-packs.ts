import type { PackId } from '@lifeboat/model';
import type { CondemnedPack } from '../pack/pack-states.js';
import type { GcPorts } from './gc-ports.js';

/** Packs of one ledger record: few enough that commits do not wait long. */
const packsPerRecord = 256;

/** How packs are condemned. */
export type Condemnation = Readonly<{ epoch: number; rewritten: boolean; trustedMs: number }>;

/**
 * Condemns packs that are live and that nothing came to rely on since the cycle began. Lookups miss them from before the record is written.
 * @returns the packs that are condemned now.
 */
export function condemnPacks(ports: GcPorts, packIds: readonly PackId[], condemnation: Condemnation): Promise<PackId[]> {
  const { states, uses, ledger } = ports;
  return inRecords(ports, packIds, async (batch) => {
    const chosen = batch.filter((packId) => states.isLive(packId) && !uses.has(packId));
    if (chosen.length > 0) {
      await states.hide(chosen, async () => {
        states.apply(await ledger.append({ type: 'packs.condemned', packIds: chosen, ...condemnation }));
      });
    }
    return chosen;
  });
}

/** Lets condemned packs live again that a mark found needed. @returns the packs that were still condemned. */
export function rescuePacks(ports: GcPorts, packs: readonly CondemnedPack[]): Promise<PackId[]> {
  const { states, uses, ledger } = ports;
  return inRecords(ports, idsOf(packs), async (batch) => {
    const chosen = batch.filter((packId) => states.findCondemned(packId) !== undefined);
    if (chosen.length > 0) states.apply(await ledger.append({ type: 'packs.rescued', packIds: chosen }));
    for (const packId of chosen) uses.add(packId);
    return chosen;
  });
}

/**
 * Writes the record that packs are deleted, of those that are condemned as they were when they were judged and that nothing relies on since. The files go afterwards.
 * @returns the packs that are deleted now.
 */
export function recordDeletion(ports: GcPorts, packs: readonly CondemnedPack[]): Promise<PackId[]> {
  const { states, uses, ledger } = ports;
  const epochs = new Map(packs.map(({ packId, epoch }) => [packId, epoch]));
  return inRecords(ports, idsOf(packs), async (batch) => {
    const chosen = batch.filter((packId) => states.findCondemned(packId)?.epoch === epochs.get(packId) && !uses.has(packId));
    if (chosen.length > 0) states.apply(await ledger.append({ type: 'packs.deleted', packIds: chosen }));
    return chosen;
  });
}

const idsOf = (packs: readonly CondemnedPack[]): PackId[] => packs.map(({ packId }) => packId);

/** Each batch is decided and recorded alone under the commit lock, so that no commit comes between the decision and the record. */
async function inRecords(ports: GcPorts, packIds: readonly PackId[], change: (batch: readonly PackId[]) => Promise<PackId[]>): Promise<PackId[]> {
  const changed: PackId[] = [];
  for (let at = 0; at < packIds.length; at += packsPerRecord) {
    const batch = packIds.slice(at, at + packsPerRecord);
    changed.push(...(await ports.underCommitLock(() => change(batch))));
  }
  return changed;
}
