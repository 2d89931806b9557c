import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { PublicKey } from '@lifeboat/model';
import { ServerKeyUnusable } from './config-errors.js';
import { writePrivateFile } from './write-private-file.js';
import { errnoOf } from './errno-of.js';

const KeyFile = z.strictObject({ v: z.literal(1), privateKeyPem: z.string().max(4096) });

/** The server's identity: agents pin the public key when they enrol and refuse any other later. */
export interface ServerKey {
  readonly publicKey: PublicKey;
  /** base64 Ed25519 signature of `text`. */
  sign(text: string): string;
}

/**
 * Reads the server's Ed25519 key pair, or makes it the first time.
 *
 * @throws ServerKeyUnusable (SERVER_KEY_UNUSABLE) the file is there but not a key; never replaced silently.
 */
export async function openServerKey(path: string): Promise<ServerKey> {
  const text = await readFileIfPresent(path);
  if (text !== undefined) return keyOf(readKeyFile(text, path));
  const { privateKey } = generateKeyPairSync('ed25519');
  await writePrivateFile(path, `${JSON.stringify({ v: 1, privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }) })}\n`);
  return keyOf(privateKey);
}

function readKeyFile(text: string, path: string): KeyObject {
  try {
    const key = createPrivateKey(KeyFile.parse(JSON.parse(text)).privateKeyPem);
    if (key.asymmetricKeyType !== 'ed25519') throw new ServerKeyUnusable({ path });
    return key;
  } catch (cause) {
    throw cause instanceof ServerKeyUnusable ? cause : new ServerKeyUnusable({ path }, cause);
  }
}

function keyOf(privateKey: KeyObject): ServerKey {
  return {
    publicKey: rawPublicKey(createPublicKey(privateKey)),
    sign: (text) => sign(null, Buffer.from(text, 'utf8'), privateKey).toString('base64'),
  };
}

/** The 32 bytes of an Ed25519 public key in base64; JWK carries exactly these bytes as `x`. */
export function rawPublicKey(key: KeyObject): PublicKey {
  return PublicKey.parse(Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url').toString('base64'));
}

async function readFileIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
