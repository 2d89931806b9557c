import { MemoryStoreFs } from '../testing/memory-store-fs.js';
import { openMemoryStore } from '../testing/memory-store.js';
import type { Store } from '../store.js';

async function seqsOf(store: Store): Promise<number[]> {
  const seqs: number[] = [];
  for await (const { seq } of store.readLedger(1)) seqs.push(seq);
  return seqs;
}

test('a record is read only when a power cut cannot take it back', async () => {
  const fs = new MemoryStoreFs();
  const store = await openMemoryStore(fs);
  let reading: Promise<number[]> | undefined;
  fs.faults = (operation, path) => {
    // Its bytes are in the file, its sync has only begun.
    if (operation === 'sync' && path.startsWith('ledger/')) reading ??= seqsOf(store);
    return undefined;
  };
  const { seq } = await store.appendLedger({ type: 'policy.set', machineId: null, policy: null });
  expect((await reading)?.at(-1)).toBe(seq - 1);
  expect((await seqsOf(store)).at(-1)).toBe(seq);
  await store.close();
});
