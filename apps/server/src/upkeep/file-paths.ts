import { UnreadableSectors, type BlockReader } from '@lifeboat/block-device';
import { pathsOfRanges } from '@lifeboat/filesystems';
import type { DamagedVolumeReader, FilePaths } from '@lifeboat/store';

/** Says whose bytes lost ranges are, by reading the filesystem as the point holds it, around whatever is lost. */
export const filePathsOfVolume: FilePaths = (volume, extents) => pathsOfRanges(readerOf(volume), extents);

/** A volume of a point as the filesystem readers want it; what is lost is a bad sector to them. */
function readerOf(volume: DamagedVolumeReader): BlockReader {
  return {
    sizeBytes: volume.lengthBytes, logicalSectorBytes: 512,
    async readFully(target, offsetBytes) {
      const lost = await volume.read(target, offsetBytes);
      if (lost.length > 0) throw new UnreadableSectors({ path: volume.volumeId, extents: lost });
    },
    close: () => Promise.resolve(),
  };
}
