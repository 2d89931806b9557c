import { createHash } from 'node:crypto';
import type { Random } from '@lifeboat/model';

/** A new secret of 256 bits, as text that is safe in headers, URLs and shells. */
export function newSecret(random: Random): string {
  return Buffer.from(random.bytes(32)).toString('base64url');
}

/** Lower-case hexadecimal SHA-256: the only form in which a secret is kept. Secrets are random, so no salt is needed. */
export function secretSha256(secret: string): string {
  return createHash('sha256').update(secret, 'utf8').digest('hex');
}
