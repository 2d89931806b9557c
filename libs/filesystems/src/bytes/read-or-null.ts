import { type BlockReader, UnreadableSectors } from '@lifeboat/block-device';

/**
 * The bytes [offsetBytes, offsetBytes + lengthBytes) of `volume`, freshly allocated; null when they lie outside of it or some of them are unreadable.
 *
 * @throws what `volume.readFully` throws, except UNREADABLE_SECTORS.
 */
export async function readOrNull(volume: BlockReader, offsetBytes: number, lengthBytes: number): Promise<Buffer | null> {
  if (!Number.isSafeInteger(offsetBytes) || offsetBytes < 0 || offsetBytes > volume.sizeBytes - lengthBytes) return null;
  const bytes = Buffer.alloc(lengthBytes);
  try {
    await volume.readFully(bytes, offsetBytes);
    return bytes;
  } catch (error) {
    if (error instanceof UnreadableSectors) return null;
    throw error;
  }
}
