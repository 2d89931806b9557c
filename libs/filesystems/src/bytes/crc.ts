/** Look-up table of a reflected CRC. */
function tableOf(polynomial: number): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, byte) => {
    let value = byte;
    for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ polynomial : value >>> 1;
    return value >>> 0;
  });
}

const CRC32C = tableOf(0x82f6_3b78);
const CRC32 = tableOf(0xedb8_8320);
const CRC16 = tableOf(0xa001);

/** CRC-32C as ext4 uses it: `seed` in, no final inversion, so that it can be continued. @see linux/lib/crc32.c, `__crc32c_le`. */
export function crc32c(seed: number, bytes: Uint8Array): number {
  let crc = seed >>> 0;
  for (let at = 0; at < bytes.length; at += 1) crc = (CRC32C[(crc ^ (bytes[at] ?? 0)) & 0xff] ?? 0) ^ (crc >>> 8);
  return crc >>> 0;
}

/** CRC-16 (ANSI) as ext4 uses it for `uninit_bg`. @see linux/lib/crc16.c. */
export function crc16(seed: number, bytes: Uint8Array): number {
  let crc = seed & 0xffff;
  for (let at = 0; at < bytes.length; at += 1) crc = (CRC16[(crc ^ (bytes[at] ?? 0)) & 0xff] ?? 0) ^ (crc >>> 8);
  return crc & 0xffff;
}

/** CRC-32 as LVM uses it: `seed` in, no final inversion. @see lvm2, lib/misc/crc.c, `calc_crc`. */
export function crc32(seed: number, bytes: Uint8Array): number {
  let crc = seed >>> 0;
  for (let at = 0; at < bytes.length; at += 1) crc = (CRC32[(crc ^ (bytes[at] ?? 0)) & 0xff] ?? 0) ^ (crc >>> 8);
  return crc >>> 0;
}
