import fc from 'fast-check';

/** One way in which bytes go wrong; `at` and lengths are taken modulo what is there. */
export type Mutation =
  | Readonly<{ kind: 'flip'; at: number; mask: number }>
  | Readonly<{ kind: 'truncate'; at: number }>
  | Readonly<{ kind: 'copy'; from: number; at: number; length: number }>
  | Readonly<{ kind: 'fill'; at: number; length: number; value: number }>
  | Readonly<{ kind: 'insert'; at: number; bytes: Uint8Array }>
  | Readonly<{ kind: 'number'; at: number; value: number }>;

/** Numbers at which lengths and counts break. */
const edges = [0, 1, 2, 7, 8, 15, 16, 17, 127, 128, 255, 256, 511, 512, 4095, 4096, 4097, 65_535, 65_536, 2 ** 20, 2 ** 20 + 1, 2 ** 26, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];
const place = fc.nat({ max: 2 ** 20 });

/** One to four mutations: bit flips, truncation, splices, runs of one value, insertions, and edits of 32-bit fields. */
export const arbMutations: fc.Arbitrary<readonly Mutation[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('flip' as const), at: place, mask: fc.integer({ min: 1, max: 255 }) }),
    fc.record({ kind: fc.constant('number' as const), at: place, value: fc.oneof(fc.constantFrom(...edges), fc.nat({ max: 2 ** 31 - 1 })) }),
    fc.record({ kind: fc.constant('truncate' as const), at: place }),
    fc.record({ kind: fc.constant('copy' as const), from: place, at: place, length: fc.nat({ max: 600 }) }),
    fc.record({ kind: fc.constant('fill' as const), at: place, length: fc.nat({ max: 600 }), value: fc.constantFrom(0, 255) }),
    fc.record({ kind: fc.constant('insert' as const), at: place, bytes: fc.uint8Array({ maxLength: 40 }) }),
  ),
  { minLength: 1, maxLength: 4 },
);

/** A changed copy of `bytes`. */
export function mutate(bytes: Uint8Array, mutations: readonly Mutation[]): Buffer {
  return mutations.reduce<Buffer>(mutateOnce, Buffer.from(bytes));
}

function mutateOnce(bytes: Buffer, mutation: Mutation): Buffer {
  if (bytes.length === 0) return bytes;
  const at = mutation.at % bytes.length;
  switch (mutation.kind) {
    case 'flip':
      bytes[at] = (bytes[at] ?? 0) ^ mutation.mask;
      return bytes;
    case 'truncate':
      return bytes.subarray(0, at);
    case 'copy':
      bytes.copyWithin(at, mutation.from % bytes.length, (mutation.from % bytes.length) + mutation.length);
      return bytes;
    case 'fill':
      return bytes.fill(mutation.value, at, Math.min(bytes.length, at + mutation.length));
    case 'insert':
      return Buffer.concat([bytes.subarray(0, at), mutation.bytes, bytes.subarray(at)]);
    case 'number': {
      // Fields lie at multiples of four; a change elsewhere is a flip.
      const field = at - (at % 4);
      if (field + 4 <= bytes.length) bytes.writeUInt32LE(mutation.value, field);
      return bytes;
    }
  }
}
