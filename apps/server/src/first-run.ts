import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { randomHex128, TokenId } from '@lifeboat/model';
import { newSecret, secretSha256 } from './access/secrets.js';
import { writePrivateFile } from './config/write-private-file.js';
import type { Platform } from './platform/platform.module.js';
import { errnoOf } from './config/errno-of.js';

const FirstRunFile = z.strictObject({ v: z.literal(1), url: z.string(), token: z.string() });

/** The secret that the first start makes. */
export type FirstRun = Readonly<{ url: string; token: string }>;

/**
 * Makes the first operator's secret when the ledger knows none yet, and writes it where only the owner can read it. On later starts only
 * the address in the file is kept right.
 *
 * @returns the secret, on the first start only.
 */
export async function prepareFirstRun(platform: Platform, path: string, url: string): Promise<FirstRun | null> {
  const operators = await platform.catalog.tokens.listOperators();
  if (operators.length > 0) {
    await keepAddress(path, url);
    return null;
  }
  const token = newSecret(platform.random);
  // The file comes first: a secret that the ledger knows and nobody has would lock everybody out.
  await writePrivateFile(path, `${JSON.stringify({ v: 1, url, token })}\n`);
  await platform.ledger.append({ type: 'operator-token.created', tokenId: TokenId.parse(randomHex128(platform.random)), secretSha256: secretSha256(token), label: 'first run' });
  return { url, token };
}

async function keepAddress(path: string, url: string): Promise<void> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    // Whoever noted the secret may have removed the file.
    if (errnoOf(error) === 'ENOENT') return;
    throw error;
  }
  const parsed = FirstRunFile.safeParse(parseJson(text));
  if (parsed.success && parsed.data.url !== url) await writePrivateFile(path, `${JSON.stringify({ ...parsed.data, url })}\n`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not ours any more; it is left as it is.
    return undefined;
  }
}
