import { type Extent, assertInvariant, endOf } from '@lifeboat/model';
import { BlockReadFailed, DeviceShrank, ShortRead, UnreadableSectors } from './device-errors.js';
import { errnoOf, isSectorError } from './errno.js';

/** Further attempts at a sector that failed alone. Drives retry for seconds themselves, so more only costs time. */
const SECTOR_RETRIES = 2;

/** The system calls below a reader, and the seam where the in-memory device injects its faults. */
export interface RawDevice {
  readonly path: string;
  readonly sizeBytes: number;
  /** Granularity in which unreadable parts are told apart. */
  readonly isolationBytes: number;
  /**
   * One system call: reads between 1 and `target.length` bytes at `offsetBytes` and returns how many, 0 at the end of the device.
   * Rejects with the system's error. `isolating` asks for a read that touches no other sector than the wanted ones.
   */
  readSome(target: Uint8Array, offsetBytes: number, isolating: boolean): Promise<number>;
  /** The size now; 0 when the device is gone. */
  currentSizeBytes(): Promise<number>;
}

/**
 * Fills `target` from `offsetBytes`: loops over short reads, isolates unreadable sectors, tells a shrunk device from a misbehaving one.
 * Throws as {@link BlockReader.readFully} documents.
 */
export async function fillFromDevice(device: RawDevice, target: Uint8Array, offsetBytes: number): Promise<void> {
  assertInvariant(Number.isSafeInteger(offsetBytes) && offsetBytes >= 0 && offsetBytes + target.length <= device.sizeBytes, 'read outside the device', {
    offsetBytes,
    lengthBytes: target.length,
    sizeBytes: device.sizeBytes,
  });
  let filled = 0;
  while (filled < target.length) {
    try {
      const count = await device.readSome(target.subarray(filled), offsetBytes + filled, false);
      if (count === 0) throw await endedEarly(device, { offsetBytes: offsetBytes + filled, wantedBytes: target.length, filledBytes: filled });
      filled += count;
    } catch (error) {
      if (!isSectorError(error)) throw asReadFailure(device, offsetBytes + filled, error);
      await assertNotShrunk(device, offsetBytes + target.length);
      const extents = await fillAroundBadSectors(device, target.subarray(filled), offsetBytes + filled);
      if (extents.length > 0) throw new UnreadableSectors({ path: device.path, extents }, error);
      return;
    }
  }
}

/**
 * Fills what is readable, zeroes what is not, and returns the unreadable extents. The step grows after each success and falls back to
 * one sector after a failure, so that a few bad sectors cost a few extra reads and a slow drive is asked for them alone.
 */
async function fillAroundBadSectors(device: RawDevice, target: Uint8Array, offsetBytes: number): Promise<Extent[]> {
  const bad: Extent[] = [];
  let done = 0;
  let stepBytes = device.isolationBytes;
  while (done < target.length) {
    const at = offsetBytes + done;
    const alignedEnd = Math.floor(at / device.isolationBytes) * device.isolationBytes + stepBytes;
    const piece = target.subarray(done, Math.min(target.length, alignedEnd - offsetBytes));
    if (await readPiece(device, piece, { offsetBytes: at, retries: stepBytes === device.isolationBytes ? SECTOR_RETRIES : 0 })) {
      done += piece.length;
      stepBytes *= 2;
    } else if (stepBytes > device.isolationBytes) {
      stepBytes = device.isolationBytes;
    } else {
      piece.fill(0);
      appendExtent(bad, { offsetBytes: at, lengthBytes: piece.length });
      done += piece.length;
    }
  }
  return bad;
}

/** Reads a piece without its neighbours; false when it fails in every attempt. */
async function readPiece(device: RawDevice, piece: Uint8Array, how: { offsetBytes: number; retries: number }): Promise<boolean> {
  const { offsetBytes, retries } = how;
  for (let attempt = 0; attempt <= retries; attempt += 1) {
    try {
      let filled = 0;
      while (filled < piece.length) {
        const count = await device.readSome(piece.subarray(filled), offsetBytes + filled, true);
        if (count === 0) throw await endedEarly(device, { offsetBytes: offsetBytes + filled, wantedBytes: piece.length, filledBytes: filled });
        filled += count;
      }
      return true;
    } catch (error) {
      if (!isSectorError(error)) throw asReadFailure(device, offsetBytes, error);
      // A drive that was unplugged fails every sector; that must not become a record of a thousand bad sectors.
      await assertNotShrunk(device, offsetBytes + piece.length);
    }
  }
  return false;
}

function appendExtent(extents: Extent[], next: Extent): void {
  const last = extents.at(-1);
  if (last && endOf(last) === next.offsetBytes) extents[extents.length - 1] = { offsetBytes: last.offsetBytes, lengthBytes: last.lengthBytes + next.lengthBytes };
  else extents.push(next);
}

async function assertNotShrunk(device: RawDevice, neededBytes: number): Promise<void> {
  const currentSizeBytes = await device.currentSizeBytes();
  if (currentSizeBytes < neededBytes) throw new DeviceShrank({ path: device.path, offsetBytes: neededBytes, openedSizeBytes: device.sizeBytes, currentSizeBytes });
}

async function endedEarly(device: RawDevice, details: { offsetBytes: number; wantedBytes: number; filledBytes: number }): Promise<DeviceShrank | ShortRead> {
  const currentSizeBytes = await device.currentSizeBytes();
  if (currentSizeBytes < device.sizeBytes) {
    return new DeviceShrank({ path: device.path, offsetBytes: details.offsetBytes, openedSizeBytes: device.sizeBytes, currentSizeBytes });
  }
  return new ShortRead({ path: device.path, ...details });
}

function asReadFailure(device: RawDevice, offsetBytes: number, error: unknown): unknown {
  if (error instanceof DeviceShrank || error instanceof ShortRead) return error;
  return new BlockReadFailed({ path: device.path, offsetBytes, reason: errnoOf(error) }, error);
}
