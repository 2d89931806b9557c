import { readdirSync, readFileSync } from 'node:fs';
import { crc32, digestOf } from '@lifeboat/codec';
import type { Digest, MachineId, PackId, RestorePointId, StoreId } from '@lifeboat/model';
import fc from 'fast-check';
import { canonicalJson } from './binary/canonical-json.js';
import { isInvalid, sealWithCrc } from './binary/binary.js';
import { mergeSegment } from './ledger/merge-segment.js';
import { parseSegment } from './ledger/parse-segment.js';
import { listRecordsIn } from './pack/list-records.js';
import { decodePackHeader, encodePackHeader, PACK_HEADER_BYTES } from './pack/pack-header.js';
import { SegmentReader } from './pack/segment-reader.js';
import { PackFiles } from './pack/pack-files.js';
import { sealedPathOf } from './pack/pack-paths.js';
import { RECORD_MAGIC } from './pack/segment-record.js';
import { decodeParityFile } from './parity/parity-file.js';
import { decodePointFile } from './point/point-file.js';
import { decodeWants, encodeWants } from './repair/wants-file.js';
import { decodeStoreFile, encodeStoreFile, isKnownFormat } from './store-file/store-file.js';
import { MemoryStoreFs } from './testing/memory-store-fs.js';
import { arbMutations, mutate } from './testing/mutations.js';

/** Mutants per parser, with and without repaired checksums; set LIFEBOAT_FUZZ to a million for a night. */
const numRuns = Number(process.env['LIFEBOAT_FUZZ'] ?? 300);
const timeoutMs = 86_400_000;
const directory = new URL('./golden/store-1.1/', import.meta.url);
const files = new Map(readdirSync(directory).map((name) => [name.replaceAll('~', '/').replace(/\.hex$/, ''), Buffer.from(readFileSync(new URL(name, directory), 'utf8').replaceAll('\n', ''), 'hex')]));
const fileOf = (pattern: RegExp): readonly [string, Buffer] => [...files].find(([path]) => pattern.test(path)) ?? ['', Buffer.alloc(0)];
const identity = {
  storeId: '48f5d34e6b2f640cea77054e38bf8f6a' as StoreId, machineId: '00112233445566778899aabbccddeeff' as MachineId, pointId: '62bf33fc85473deabb969d48a6f1394b' as RestorePointId,
};
const packId = 'a554709f6c6c59d4feb1103e4aa0f17e' as PackId;
const pack = fileOf(/a5.*\.pack$/)[1];
const ledger = fileOf(/^ledger/)[1];
const manifestDigest = (() => {
  const decoded = decodePointFile(fileOf(/^points/)[1], identity);
  return isInvalid(decoded) ? undefined : decoded.manifestDigest;
})();

/** What a parser must keep when it accepts a mutant; throws or fails an expectation when it does not. */
type Target = Readonly<{ name: string; seed: Buffer; reseal: (bytes: Buffer) => void; parse: (bytes: Buffer) => void | Promise<void> }>;

const sealAt = (at: (bytes: Buffer) => number) => (bytes: Buffer): void => {
  const end = at(bytes);
  if (end >= 0 && bytes.length >= end + 4) sealWithCrc(bytes, end);
};

/** Repairs the checksums of each ledger record as far as its lengths say where it lies. */
function resealLedger(bytes: Buffer): void {
  sealAt(() => 124)(bytes);
  for (let at = 128; at + 80 <= bytes.length; ) {
    const bodyBytes = bytes.readUInt32LE(at + 8);
    const end = Math.min(bytes.length, at + 80 + bodyBytes);
    bytes.writeUInt32LE(crc32(bytes.subarray(at + 80, end)), at + 12);
    bytes.writeUInt32LE(crc32(bytes.subarray(at, at + 76)), at + 76);
    at += 80 + Math.ceil(bodyBytes / 8) * 8;
  }
}

/** Repairs the checksums of the header, of everything that looks like a record, of the footer and of both trailers. */
function resealPack(bytes: Buffer): void {
  sealAt(() => PACK_HEADER_BYTES - 4)(bytes);
  const trailerAt = bytes.length - 256;
  const footerBegin = trailerAt >= PACK_HEADER_BYTES ? Math.min(trailerAt, Number(bytes.readBigUInt64LE(trailerAt + 16))) : bytes.length;
  for (let at = PACK_HEADER_BYTES; at + 96 <= footerBegin; at += 16) {
    if (bytes.readUInt32LE(at) !== RECORD_MAGIC) continue;
    const table = at + 96;
    const payload = Math.min(bytes.length, table + Math.min(bytes.readUInt32LE(at + 12), 100_000) * 40);
    bytes.writeUInt32LE(crc32(bytes.subarray(table, payload)), at + 28);
    bytes.writeUInt32LE(crc32(bytes.subarray(payload, Math.min(bytes.length, payload + bytes.readUInt32LE(at + 20)))), at + 32);
    bytes.writeUInt32LE(crc32(bytes.subarray(at, at + 92)), at + 92);
  }
  if (trailerAt < PACK_HEADER_BYTES) return;
  for (const at of [trailerAt, trailerAt + 128]) {
    const footerAt = Number(bytes.readBigUInt64LE(at + 16));
    if (footerAt < trailerAt) bytes.writeUInt32LE(crc32(bytes.subarray(footerAt, Math.min(trailerAt, footerAt + bytes.readUInt32LE(at + 24)))), at + 28);
    bytes.writeUInt32LE(crc32(bytes.subarray(at, at + 124)), at + 124);
  }
}

function assertPointIsWhatItSays(bytes: Buffer): void {
  const decoded = decodePointFile(bytes, identity);
  if (isInvalid(decoded)) return;
  // Whoever can repair checksums can still not make another manifest of this name.
  if (decoded.manifestDigest === manifestDigest) expect(digestOf(Buffer.from(canonicalJson(decoded.manifest)))).toBe(manifestDigest);
  expect(decoded.manifest).toMatchObject({ machineId: identity.machineId, pointId: identity.pointId });
}

function assertLedgerChains(bytes: Buffer): void {
  const parsed = parseSegment(bytes);
  let previousHash: Digest | undefined;
  let end = 128;
  for (const [index, entry] of parsed.entries.entries()) {
    expect(entry.offsetBytes).toBe(end);
    if (previousHash) expect(entry.previousHash).toBe(previousHash);
    if (index > 0) expect(entry.seq).toBe((parsed.entries[0]?.seq ?? 0) + index);
    previousHash = entry.hash;
    end += entry.lengthBytes;
  }
  expect(end).toBeLessThanOrEqual(Math.max(128, bytes.length));
  // With an intact twin nothing is ever lost, and what is not the twin's is a contradiction, never a quiet choice.
  const merged = mergeSegment(bytes, ledger, (header) => header.firstSeq === 1 && header.storeId === identity.storeId);
  if (merged.tail.kind === 'clean') expect(Buffer.compare(merged.bytes, ledger)).toBe(0);
  expect(merged.entries.length).toBeLessThanOrEqual(Math.max(3, parsed.entries.length));
}

/** Reads every listed entry: it comes with its digest or not at all. */
async function assertPackGivesOnlyWhatItNames(packId: PackId, bytes: Buffer): Promise<void> {
  const fs = new MemoryStoreFs();
  const path = sealedPathOf(packId);
  await fs.mkdir('packs');
  await fs.mkdir(path.slice(0, path.lastIndexOf('/')));
  const file = await fs.open(path, 'create');
  if (bytes.length > 0) await file.writeAt(bytes, 0);
  const listing = await listRecordsIn({ file, path, packId, sizeBytes: bytes.length });
  const reader = new SegmentReader(new PackFiles(fs));
  for (const { recordOffset, entries } of listing.records) {
    expect(recordOffset).toBeLessThan(bytes.length);
    for (const [entry, { digest, lengthBytes }] of entries.entries()) {
      const read = await reader.read(digest, { packId, recordOffset, entry, lengthBytes }).catch((error: unknown) => {
        expect(error).toMatchObject({ code: 'CHUNK_DAMAGED' });
        return undefined;
      });
      if (read) expect(digestOf(read)).toBe(digest);
    }
  }
}

const sampleWants = [1, 2, 3].map((seed) => ({ digest: digestOf(Uint8Array.of(seed)), lengthBytes: 4096 * seed, packId, recordOffset: 4096 * seed }));

const targets: readonly Target[] = [
  {
    name: 'STORE', seed: fileOf(/^STORE/)[1], reseal: sealAt(() => 508),
    parse: (bytes) => {
      const decoded = decodeStoreFile(bytes);
      // A newer format decodes as far as this version can tell; of its own format every byte counts.
      if (!isInvalid(decoded) && isKnownFormat(decoded)) expect(bytes.equals(encodeStoreFile(decoded))).toBe(true);
    },
  },
  {
    name: 'pack header', seed: pack.subarray(0, PACK_HEADER_BYTES), reseal: sealAt(() => PACK_HEADER_BYTES - 4),
    parse: (bytes) => {
      const decoded = decodePackHeader(bytes);
      if (!isInvalid(decoded)) expect(Buffer.compare(bytes.subarray(0, PACK_HEADER_BYTES), encodePackHeader(decoded))).toBe(0);
    },
  },
  { name: 'pack', seed: pack, reseal: resealPack, parse: (bytes) => assertPackGivesOnlyWhatItNames(packId, bytes) },
  { name: 'meta pack', seed: fileOf(/a3.*\.pack$/)[1], reseal: resealPack, parse: (bytes) => assertPackGivesOnlyWhatItNames('a32da3c81d8859654d2c7bde115a8f8d' as PackId, bytes) },
  {
    name: 'point', seed: fileOf(/^points/)[1],
    reseal: (bytes) => {
      if (bytes.length < 160) return;
      bytes.writeUInt32LE(bytes.length - 160, 100);
      bytes.writeUInt32LE(crc32(bytes.subarray(160)), 104);
      bytes.writeUInt32LE(crc32(bytes.subarray(0, 156)), 156);
    },
    parse: assertPointIsWhatItSays,
  },
  { name: 'ledger', seed: ledger, reseal: resealLedger, parse: assertLedgerChains },
  {
    name: 'wants', seed: Buffer.from(encodeWants({ generation: 7, wants: sampleWants })), reseal: sealAt((bytes) => bytes.length - 4),
    parse: (bytes) => {
      const decoded = decodeWants(bytes);
      if (!isInvalid(decoded)) expect(Buffer.compare(bytes, encodeWants(decoded))).toBe(0);
    },
  },
  {
    name: 'parity', seed: fileOf(/\.par$/)[1], reseal: sealAt(() => 124),
    parse: (bytes) => {
      const decoded = decodeParityFile(bytes, packId);
      if (isInvalid(decoded)) return;
      // A header that lies about its size must not make the reader take more memory than a pack may need.
      expect(decoded.sums.byteLength).toBeLessThanOrEqual(4 * 1024 * 1024);
      expect(decoded.copyParity(decoded.sums.length + 5, new Uint8Array(4096))).toBe(false);
    },
  },
];

describe.each(targets)('the parser of $name', ({ seed, reseal, parse }) => {
  test('has a seed it accepts', async () => {
    expect(seed.length).toBeGreaterThan(0);
    const resealed = Buffer.from(seed);
    reseal(resealed);
    expect(resealed.equals(seed)).toBe(true);
    await parse(Buffer.from(seed));
  });

  test.each([{ name: 'as they are', fix: false }, { name: 'with right checksums', fix: true }])('survives mutants $name', async ({ fix }) => {
    await fc.assert(
      fc.asyncProperty(arbMutations, async (mutations) => {
        const mutant = mutate(seed, mutations);
        if (fix) reseal(mutant);
        await parse(mutant);
      }),
      { numRuns },
    );
  }, timeoutMs);

  test('survives bytes of any kind', async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 6000 }), async (bytes) => { await parse(Buffer.from(bytes)); }), { numRuns: Math.ceil(numRuns / 4) });
  }, timeoutMs);
});
