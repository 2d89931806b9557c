import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock, systemRandom } from '@lifeboat/codec';
import { MachineId } from '@lifeboat/model';
import { openStore } from '@lifeboat/store';
import { commitVolume, sampleChunk } from '@lifeboat/store/testing';
import { exportVolume, listReadablePoints } from './read-damaged-store.js';

let folder: string;
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'lifeboat-readable-')); });
afterEach(() => { rmSync(folder, { recursive: true, force: true }); });

test('a store that no server opens any more still gives back its volumes', async () => {
  const machineId = MachineId.parse('a'.repeat(32));
  const volume = [sampleChunk(1), null, sampleChunk(2)];
  const store = await openStore({ path: join(folder, 'store'), clock: systemClock, random: systemRandom });
  const { pointId } = await commitVolume(store, volume, { random: systemRandom, machineId });
  await store.close();
  for (const directory of ['ledger', 'ledger-mirror']) {
    const path = join(folder, 'store', directory, '0000000000000001.led');
    writeFileSync(path, readFileSync(path).fill(0x55, 130, 180));
  }
  await expect(openStore({ path: join(folder, 'store'), clock: systemClock, random: systemRandom })).rejects.toMatchObject({ code: 'LEDGER_CORRUPT' });
  expect(await listReadablePoints(folder)).toMatchObject([{ machineId, pointId, reason: null, manifest: { computerName: 'alpha' } }]);
  const output = join(folder, 'volume.img');
  expect(await exportVolume(folder, { point: pointId, volume: 'disk0/p1', output })).toMatchObject({ lengthBytes: 12_288, lostBytes: 0 });
  expect(readFileSync(output).equals(Buffer.concat(volume.map((chunk) => chunk ?? new Uint8Array(4096))))).toBe(true);
  await expect(exportVolume(folder, { point: pointId, volume: 'disk0/p1', output })).rejects.toMatchObject({ code: 'EEXIST' });
  await expect(exportVolume(folder, { point: pointId, volume: 'disk9', output: `${output}2` })).rejects.toMatchObject({ code: 'VOLUME_UNKNOWN' });
});
