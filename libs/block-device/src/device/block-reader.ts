/**
 * A disk, an image file or a window of one, opened for reading. Offsets and lengths are bytes and need no alignment.
 * Calls may overlap in time. Whoever opened the reader closes it.
 */
export interface BlockReader {
  /** Size when the reader was opened. */
  readonly sizeBytes: number;
  /** The unit the device transfers, 512 or 4096; 512 for image files. */
  readonly logicalSectorBytes: number;
  /**
   * Fills `target` completely with the bytes from `offsetBytes`.
   *
   * @throws UnreadableSectors (UNREADABLE_SECTORS) some sectors fail for good; the rest of `target` is filled, those bytes are zeroed
   *   so that nothing stale is in them, and the error lists them exactly.
   * @throws DeviceShrank (DEVICE_SHRANK) the device ends before the wanted bytes, although it did not when it was opened.
   * @throws ShortRead (SHORT_READ) the device returned nothing inside its size.
   * @throws BlockReadFailed (BLOCK_READ_FAILED) any other failure.
   */
  readFully(target: Uint8Array, offsetBytes: number): Promise<void>;
  close(): Promise<void>;
}
