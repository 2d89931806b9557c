import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { EmbeddedPostgresUnavailable } from './embedded-postgres-errors.js';

/** Absolute paths of the programs of one PostgreSQL installation. */
export type PostgresPrograms = Readonly<{ initdb: string; postgres: string }>;

/**
 * Finds the PostgreSQL programs that npm installed for this platform.
 *
 * The package makes its libraries' symbolic links in an install script; they are made here too, so that an installation without scripts works.
 *
 * @throws EmbeddedPostgresUnavailable (EMBEDDED_POSTGRES_UNAVAILABLE) no package for this platform.
 */
export function findEmbeddedPrograms(): PostgresPrograms {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  let native: string;
  try {
    native = path.join(path.dirname(createRequire(import.meta.url).resolve(name)), '..', 'native');
  } catch (cause) {
    throw new EmbeddedPostgresUnavailable(`the package ${name} is not installed`, cause);
  }
  for (const link of readLinks(path.join(native, 'pg-symlinks.json'))) linkIfMissing(native, link);
  return { initdb: path.join(native, 'bin', 'initdb'), postgres: path.join(native, 'bin', 'postgres') };
}

type Link = Readonly<{ source: string; target: string }>;

function readLinks(file: string): readonly Link[] {
  const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (!Array.isArray(parsed)) throw new EmbeddedPostgresUnavailable('the package lists no links');
  return parsed.filter((entry: unknown): entry is Link => {
    const { source, target } = entry as Partial<Link>;
    return typeof source === 'string' && typeof target === 'string';
  });
}

function linkIfMissing(native: string, link: Link): void {
  const at = path.join(native, '..', link.target);
  if (existsSync(at)) return;
  try {
    symlinkSync(path.relative(path.dirname(link.target), link.source), at);
  } catch (cause) {
    // Another process that starts at the same time may have made it.
    if (!existsSync(at)) throw new EmbeddedPostgresUnavailable('a library link cannot be made', cause);
  }
}
