import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify, type KeyObject } from 'node:crypto';
import { PublicKey } from '@lifeboat/model';

/** SubjectPublicKeyInfo of Ed25519 up to the 32 key bytes (RFC 8410, section 4). */
const ED25519_SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/** The agent's key. The private half never leaves the state directory. */
export interface KeyPair {
  readonly publicKey: PublicKey;
  /** base64 Ed25519 signature of the text's UTF-8 bytes. */
  sign(text: string): string;
  /** PKCS #8 PEM for the state directory. */
  toPem(): string;
}

/** A new random key. */
export function generateKeyPair(): KeyPair {
  return keyPairOf(generateKeyPairSync('ed25519').privateKey);
}

/** The key from its PEM text; throws what node:crypto throws when it is none. */
export function keyPairFromPem(pem: string): KeyPair {
  return keyPairOf(createPrivateKey(pem));
}

/** Tells whether `signature` (base64) over `text` was made by the owner of `publicKey`. False for anything malformed. */
export function isSignedBy(publicKey: PublicKey, text: string, signature: string): boolean {
  const key = createPublicKey({ key: Buffer.concat([ED25519_SPKI_PREFIX, Buffer.from(publicKey, 'base64')]), format: 'der', type: 'spki' });
  return verify(null, Buffer.from(text, 'utf8'), key, Buffer.from(signature, 'base64'));
}

function keyPairOf(privateKey: KeyObject): KeyPair {
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  return {
    publicKey: PublicKey.parse(spki.subarray(ED25519_SPKI_PREFIX.length).toString('base64')),
    sign: (text) => sign(null, Buffer.from(text, 'utf8'), privateKey).toString('base64'),
    toPem: () => privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
  };
}
