import { MemoryStoreFs } from '../testing/memory-store-fs.js';
import { openMemoryStore } from '../testing/memory-store.js';

test('both copies of the ledger are durable when an append resolves, each by itself', async () => {
  const fs = new MemoryStoreFs();
  const store = await openMemoryStore(fs);
  const twins = fs.paths().filter((path) => path.endsWith('.led'));
  expect(twins).toHaveLength(2);
  for (let event = 0; event < 3; event += 1) {
    await store.appendLedger({ type: 'policy.set', machineId: null, policy: null });
    const left = fs.copyAfter('worst');
    for (const path of twins) expect(left.bytesOf(path).equals(fs.bytesOf(path))).toBe(true);
  }
  await store.close();
});
