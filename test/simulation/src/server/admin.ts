import { randomHex128, TokenId } from '@lifeboat/model';
import type { SimWorld } from '../world/sim-world.js';
import { codeOfError, type ServerProcess } from './server-process.js';

/** What a server may answer an operator while its disk fails. */
const expected: ReadonlySet<string> = new Set(['STORE_FULL', 'STORE_READ_ONLY', 'STORE_CLOSED', 'STORE_UNUSABLE', 'LEDGER_CORRUPT', 'EIO', 'EMFILE', 'POINT_DAMAGED']);

/** What happens on a server besides backups: operators write events, the catalog follows, old sessions are given up. Ends with the process. */
export async function runAdmin(world: SimWorld, server: ServerProcess): Promise<void> {
  const { chance, scheduler } = world;
  while (server.isAlive) {
    await scheduler.pauses(server, chance.between(5, 80));
    try {
      await act(world, server);
    } catch (error) {
      const code = codeOfError(error);
      if (!expected.has(code)) throw error;
      world.trace.add(`admin: ${code}`);
      if (code === 'STORE_READ_ONLY') world.needsRestart();
    }
  }
}

async function act(world: SimWorld, server: ServerProcess): Promise<void> {
  const { chance, model, catalog, trace } = world;
  const { store, ingest } = server;
  switch (chance.below(4)) {
    case 0: {
      const record = await store.appendLedger({ type: 'enrolment-token.used', tokenId: TokenId.parse(randomHex128(chance)) });
      model.recorded(record);
      trace.add(`ledger ${String(record.seq)}`);
      return;
    }
    case 1:
      return catalog.catchUp(store);
    case 2: {
      const expired = await ingest.expireParked();
      trace.add(`expired ${String(expired.length)}`);
      return;
    }
    default:
      await store.stats();
  }
}
