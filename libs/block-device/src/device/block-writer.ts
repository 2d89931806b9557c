/** A disk or an image file opened for writing. Offsets and lengths are bytes and need no alignment. Whoever opened the writer closes it. */
export interface BlockWriter {
  readonly sizeBytes: number;
  /** The unit the device transfers, 512 or 4096; 512 for image files. */
  readonly logicalSectorBytes: number;
  /**
   * Writes all of `source` from `offsetBytes`; never beyond `sizeBytes`. Durable only after {@link sync}.
   *
   * @throws BlockWriteFailed (BLOCK_WRITE_FAILED) no space, an I/O error, or a device that took no bytes.
   */
  writeFully(source: Uint8Array, offsetBytes: number): Promise<void>;
  /** Returns when all that was written has reached stable storage. */
  sync(): Promise<void>;
  close(): Promise<void>;
}
