import { z } from 'zod';

/** A chunk's, page's or manifest's name: BLAKE3-256 of its plain bytes, 64 lower-case hexadecimal digits. */
export const Digest = z.string().regex(/^[0-9a-f]{64}$/).brand<'Digest'>();
export type Digest = z.infer<typeof Digest>;

export const DIGEST_BYTES = 32;

/** Computes the digest of `bytes`. Pure; injected so that domain code stays free of native modules. */
export type DigestOf = (bytes: Uint8Array) => Digest;
