import type { BackupSession } from '@lifeboat/ingest';
import type { ReadSource } from './read-source.js';

/** Gives out the maps that a session's REF frames refer to, without bytes. */
export function baseMapSource(session: BackupSession): ReadSource {
  return {
    volumeLengths: session.request.volumes.map((volume) => volume.lengthBytes),
    entries: (volume, range) => session.readBaseMap(volume, range),
    readChunk: null,
  };
}
