import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock, systemRandom } from '@lifeboat/codec';
import { ComputerName, MachineId, PublicKey } from '@lifeboat/model';
import { openStore } from '@lifeboat/store';
import { parseServerConfig, type ServerConfig } from '../config/server-config.js';
import { rebuildCatalog } from './rebuild-catalog.js';

let folder: string;
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'lifeboat-rebuild-')); });
afterEach(() => { rmSync(folder, { recursive: true, force: true }); });

const config = (): ServerConfig => parseServerConfig({ data: folder }, {}, () => '');
const silent = (): void => undefined;
const store = () => openStore({ path: join(folder, 'store'), clock: systemClock, random: systemRandom });

test('the database is made from the ledger alone, as often as wanted', async () => {
  const opened = await store();
  await opened.appendLedger({
    type: 'machine.enrolled', machineId: MachineId.parse('a'.repeat(32)), name: ComputerName.parse('web-1'), publicKey: PublicKey.parse(`${'A'.repeat(43)}=`),
    facts: { hostname: 'web-1', platform: 'linux', release: '6', agentVersion: '0.1.0', diskSerials: [], macAddresses: [] },
  });
  await opened.close();
  const first = await rebuildCatalog(config(), silent);
  expect(first).toMatchObject({ v: 1, storeId: opened.storeId, computers: 1, points: 0, damagedPoints: 0 });
  expect(await rebuildCatalog(config(), silent)).toMatchObject({ storeId: opened.storeId, computers: 1, points: 0, damagedPoints: 0 });
}, 120_000);

test('a store that a server uses is left alone', async () => {
  const opened = await store();
  await expect(rebuildCatalog(config(), silent)).rejects.toMatchObject({ code: 'STORE_LOCKED' });
  expect(existsSync(join(folder, 'database'))).toBe(false);
  await opened.close();
});

test('a directory without a store stays as it is', async () => {
  await expect(rebuildCatalog(config(), silent)).rejects.toMatchObject({ code: 'DATA_DIR_WITHOUT_STORE' });
  expect(existsSync(join(folder, 'store'))).toBe(false);
});
