import type { DiskImage, ImageRun } from './disk-image.js';

/** What an image read: every run once it was read, lost ones too. */
export type OnRun = (run: ImageRun) => void;

/**
 * The same image with zeros where bytes are lost, for exports that must not stop at the first bad sector: whoever uses it watches `onRun` and says what
 * was lost. Closing it closes the image.
 */
export function zeroLost(image: DiskImage, onRun: OnRun): DiskImage {
  return {
    disk: image.disk, sizeBytes: image.sizeBytes, logicalSectorBytes: image.logicalSectorBytes,
    get cachedBytes() { return image.cachedBytes; },
    async readRuns(range) {
      const runs = await image.readRuns(range);
      for (const run of runs) onRun(run);
      return runs.map((run) => (run.kind === 'lost' ? { kind: 'zero', offsetBytes: run.offsetBytes, lengthBytes: run.lengthBytes } : run));
    },
    readStatus: (range) => image.readStatus(range),
    readFully: (target, offsetBytes) => image.readFully(target, offsetBytes),
    close: () => image.close(),
  };
}
