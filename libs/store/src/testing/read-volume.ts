import { walkMap, type RestorePointManifest } from '@lifeboat/model';
import type { Store } from '../store.js';

/** The bytes of a point's first volume as the store gives them back; zero runs as zeros. */
export async function readSampleVolume(store: Store, manifest: RestorePointManifest): Promise<Uint8Array> {
  const volume = manifest.disks[0]?.volumes[0];
  if (!volume) return new Uint8Array();
  const bytes = new Uint8Array(volume.lengthBytes);
  for await (const entry of walkMap({ root: volume.mapRoot, lengthBytes: volume.lengthBytes, getPage: store.readPage })) {
    if (entry.kind === 'data') bytes.set(await store.readChunk(entry.digest), entry.offsetBytes);
  }
  return bytes;
}
