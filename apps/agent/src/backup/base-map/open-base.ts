import type { SessionOpened } from '@lifeboat/protocol';
import { fetchBaseMap } from '../../connection/fetch-base-map.js';
import { ConnectionLost } from '../../errors/agent-errors.js';
import type { BackupPorts } from '../backup-ports.js';
import { BaseCursor } from './base-cursor.js';
import type { BaseMapStore } from './base-map-store.js';
import { MapFileWriter, readMapFile } from './map-file.js';

const fetchTriesMax = 5;

export type WantedBase = Readonly<{ opened: SessionOpened; volume: number; volumeId: string; lengthBytes: number }>;

/**
 * The map that REF points to for one volume: the copy kept here when it is that of the base point, else fetched from the server. Null when
 * there is no base and everything has to be sent.
 */
export async function openBase(wanted: WantedBase, store: BaseMapStore, context: Readonly<{ ports: BackupPorts; signal: AbortSignal }>): Promise<BaseCursor | null> {
  const base = wanted.opened.bases[wanted.volume];
  if (!base || base.kind === 'none') return null;
  if (base.kind === 'point') {
    const kept = await store.findMap({ volumeId: wanted.volumeId, lengthBytes: wanted.lengthBytes, pointId: base.pointId, mapRoot: base.mapRoot });
    if (kept) return new BaseCursor(kept);
    context.ports.onMessage(`The map of ${wanted.volumeId} is not here; fetching it from the server.`);
  }
  const path = store.fetchedPath(wanted.volume);
  for (let attempt = 1; ; attempt += 1) {
    try {
      await fetchToFile(path, wanted, context);
      return new BaseCursor(readMapFile(path));
    } catch (error) {
      if (!(error instanceof ConnectionLost) || attempt >= fetchTriesMax) throw error;
    }
  }
}

async function fetchToFile(path: string, wanted: WantedBase, { ports, signal }: Readonly<{ ports: BackupPorts; signal: AbortSignal }>): Promise<void> {
  const { ticket } = await ports.control.request('base-map.open', { sessionId: wanted.opened.sessionId }, signal);
  const writer = await MapFileWriter.create(path);
  try {
    for await (const entries of fetchBaseMap(ports.openDataSocket, { ticket, volume: wanted.volume, lengthBytes: wanted.lengthBytes }, signal)) {
      for (const entry of entries) {
        if (writer.isFull) await writer.writeBlock();
        writer.push(entry);
      }
    }
    await writer.finish();
  } catch (error) {
    await writer.discard();
    throw error;
  }
}
