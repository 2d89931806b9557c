import { compressChunk, crc32, digestOf, expand, type StoredCodec } from '@lifeboat/codec';
import { assertInvariant, bytesToHex, isLifeboatError, MIB, RestorePointManifest, writeHex, type Digest, type MachineId, type RestorePointId, type StoreId } from '@lifeboat/model';
import { crcHolds, hasAscii, isZero, putAscii, sealWithCrc, viewOf, type Invalid } from '../binary/binary.js';
import type { TwinPaths } from '../fs/mirrored-file.js';
import { canonicalJson } from '../binary/canonical-json.js';

/** Byte-exact description: docs/formats/point-file.md. */
export const POINT_HEADER_BYTES = 160;
/** Longest manifest as JSON. */
export const manifestBytesMax = 64 * MIB;
const MAGIC = 'LBPOINT\n';
const MAJOR = 1;
const DIGEST_BLAKE3_256 = 1;
const CODECS: readonly StoredCodec[] = ['raw', 'zstd'];

/** A manifest with its name, the digest of its canonical JSON. */
export type NamedManifest = Readonly<{ manifest: RestorePointManifest; manifestDigest: Digest }>;
/** Which point a file must hold. */
export type PointIdentity = Readonly<{ storeId: StoreId; machineId: MachineId; pointId: RestorePointId }>;

/** Points lie in two directories with equal files. */
export const pointDirectories = ['points', 'points-mirror'] as const;
/** File of a point, in the first directory or the one named. */
export const pointPathOf = (point: Readonly<{ machineId: MachineId; pointId: RestorePointId }>, directory: (typeof pointDirectories)[number] = 'points'): string =>
  `${directory}/${point.machineId}/${point.pointId}.point`;
/** Both files of a point. */
export const pointTwinsOf = (point: Readonly<{ machineId: MachineId; pointId: RestorePointId }>): TwinPaths => ({ path: pointPathOf(point), twin: pointPathOf(point, 'points-mirror') });

/** The bytes of a point file and the manifest's digest. */
export function encodePointFile(storeId: StoreId, manifest: RestorePointManifest): { bytes: Uint8Array; manifestDigest: Digest } {
  const plain = new TextEncoder().encode(canonicalJson(manifest));
  assertInvariant(plain.length <= manifestBytesMax, 'a manifest is at most 64 MiB long');
  const manifestDigest = digestOf(plain);
  const { codec, bytes: stored } = compressChunk(plain);
  const bytes = new Uint8Array(POINT_HEADER_BYTES + stored.length);
  const view = viewOf(bytes);
  putAscii(bytes, 0, MAGIC);
  view.setUint16(8, MAJOR, true);
  view.setUint32(12, POINT_HEADER_BYTES, true);
  writeHex(storeId, bytes, 16);
  writeHex(manifest.machineId, bytes, 32);
  writeHex(manifest.pointId, bytes, 48);
  writeHex(manifestDigest, bytes, 64);
  view.setUint32(96, plain.length, true);
  view.setUint32(100, stored.length, true);
  view.setUint32(104, crc32(stored), true);
  view.setUint8(108, CODECS.indexOf(codec));
  view.setUint8(109, DIGEST_BLAKE3_256);
  sealWithCrc(bytes.subarray(0, POINT_HEADER_BYTES), POINT_HEADER_BYTES - 4);
  bytes.set(stored, POINT_HEADER_BYTES);
  return { bytes, manifestDigest };
}

/** Decodes and verifies a point file that must be the named point. Memory is bounded by the header's checked lengths. */
export function decodePointFile(bytes: Uint8Array, identity: PointIdentity): NamedManifest | Invalid {
  if (bytes.length < POINT_HEADER_BYTES || !hasAscii(bytes, 0, MAGIC)) return { invalid: 'point magic' };
  const header = bytes.subarray(0, POINT_HEADER_BYTES);
  if (!crcHolds(header, POINT_HEADER_BYTES - 4)) return { invalid: 'point header checksum' };
  const view = viewOf(header);
  const codec = CODECS[view.getUint8(108)];
  const version = view.getUint16(8, true) === MAJOR && view.getUint16(10, true) === 0 && view.getUint32(12, true) === POINT_HEADER_BYTES;
  if (!version || !codec || view.getUint8(109) !== DIGEST_BLAKE3_256 || !isZero(header, 110, POINT_HEADER_BYTES - 4)) return { invalid: 'point version' };
  const owner = { storeId: bytesToHex(header, 16, 32), machineId: bytesToHex(header, 32, 48), pointId: bytesToHex(header, 48, 64) };
  if (owner.storeId !== identity.storeId || owner.machineId !== identity.machineId || owner.pointId !== identity.pointId) return { invalid: 'file of another point' };
  const stored = bytes.subarray(POINT_HEADER_BYTES);
  const plainLengthBytes = view.getUint32(96, true);
  if (stored.length !== view.getUint32(100, true) || plainLengthBytes > manifestBytesMax) return { invalid: 'point length' };
  if (crc32(stored) !== view.getUint32(104, true)) return { invalid: 'point checksum' };
  return decodeManifest(stored, { codec, plainLengthBytes, manifestDigest: bytesToHex(header, 64, 96) as Digest, identity });
}

type Expected = Readonly<{ codec: StoredCodec; plainLengthBytes: number; manifestDigest: Digest; identity: PointIdentity }>;

function decodeManifest(stored: Uint8Array, { codec, plainLengthBytes, manifestDigest, identity }: Expected): NamedManifest | Invalid {
  let json: unknown;
  try {
    const plain = expand(codec, stored, plainLengthBytes);
    if (digestOf(plain) !== manifestDigest) return { invalid: 'manifest digest' };
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(plain));
  } catch (error) {
    return { invalid: isLifeboatError(error) ? `manifest: ${error.message}` : 'manifest is not JSON' };
  }
  const parsed = RestorePointManifest.safeParse(json);
  if (!parsed.success) return { invalid: `manifest field ${parsed.error.issues[0]?.path.join('.') ?? ''}` };
  if (parsed.data.machineId !== identity.machineId || parsed.data.pointId !== identity.pointId) return { invalid: 'manifest of another point' };
  return { manifest: parsed.data, manifestDigest };
}
