/** The data of NBD_OPT_INFO and NBD_OPT_GO. */
export type InfoQuery = Readonly<{ exportName: string; infos: readonly number[] }>;
/** The data of NBD_OPT_LIST_META_CONTEXT and NBD_OPT_SET_META_CONTEXT. */
export type MetaQuery = Readonly<{ exportName: string; queries: readonly string[] }>;

/** Reads the parts of an option's data in order; null from any of them means that the data is not well-formed. */
class PayloadReader {
  private at = 0;

  constructor(private readonly bytes: Buffer) {}

  uint16(): number | null {
    if (this.bytes.length - this.at < 2) return null;
    this.at += 2;
    return this.bytes.readUInt16BE(this.at - 2);
  }

  uint32(): number | null {
    if (this.bytes.length - this.at < 4) return null;
    this.at += 4;
    return this.bytes.readUInt32BE(this.at - 4);
  }

  /** A string with its length before it. */
  text(): string | null {
    const lengthBytes = this.uint32();
    if (lengthBytes === null || lengthBytes > this.bytes.length - this.at) return null;
    this.at += lengthBytes;
    return this.bytes.toString('utf8', this.at - lengthBytes, this.at);
  }

  get leftBytes(): number {
    return this.bytes.length - this.at;
  }
}

/** Null when the data is not well-formed. */
export function parseInfoQuery(bytes: Buffer): InfoQuery | null {
  const reader = new PayloadReader(bytes);
  const exportName = reader.text();
  const count = reader.uint16();
  if (exportName === null || count === null || reader.leftBytes !== count * 2) return null;
  return { exportName, infos: Array.from({ length: count }, () => reader.uint16() ?? 0) };
}

/** Null when the data is not well-formed. */
export function parseMetaQuery(bytes: Buffer): MetaQuery | null {
  const reader = new PayloadReader(bytes);
  const exportName = reader.text();
  const count = reader.uint32();
  // Each query has its length before it, so there cannot be more than a quarter of the bytes.
  if (exportName === null || count === null || count > reader.leftBytes / 4) return null;
  const queries: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const query = reader.text();
    if (query === null) return null;
    queries.push(query);
  }
  return reader.leftBytes === 0 ? { exportName, queries } : null;
}
