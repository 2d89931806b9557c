import { parseIntoClientConfig } from 'pg-connection-string';
import type { PgConnection } from '../pg-connection.js';
import { DatabaseUrlInvalid } from './database-errors.js';

/** What may follow the `?`; anything else, such as a schema, would be ignored silently. */
const knownParameters = new Set(['host', 'port', 'sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'uselibpqcompat']);

/**
 * Takes a PostgreSQL address apart into discrete settings.
 *
 * @param url `postgresql://USER:PASSWORD@HOST:PORT/DATABASE`; `?host=/run/postgresql` for a unix socket, `?sslmode=verify-full` for TLS.
 * @throws DatabaseUrlInvalid (DATABASE_URL_INVALID) never carries the text, which may hold a password.
 */
export function parseDatabaseUrl(url: string): PgConnection {
  // Without a host, as it is written for a unix socket, it would be no URL.
  const parsed = URL.parse(url.replace('@/', '@socket/'));
  if (!parsed || !['postgres:', 'postgresql:'].includes(parsed.protocol)) throw new DatabaseUrlInvalid('it does not begin with postgresql://');
  for (const parameter of parsed.searchParams.keys()) {
    if (!knownParameters.has(parameter)) throw new DatabaseUrlInvalid(`the parameter ${parameter.slice(0, 40)} is not known`);
  }
  const { host, port = 5432, user, password, database, ssl } = settingsOf(url);
  if (!host) throw new DatabaseUrlInvalid('the host is missing');
  if (!user) throw new DatabaseUrlInvalid('the user is missing');
  if (!database) throw new DatabaseUrlInvalid('the database is missing');
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new DatabaseUrlInvalid('the port is not between 1 and 65535');
  return { host, port, user, database, ...(typeof password === 'string' && password !== '' && { password }), ...(ssl !== undefined && { ssl: typeof ssl === 'boolean' ? ssl : { ...ssl } }) };
}

function settingsOf(url: string): ReturnType<typeof parseIntoClientConfig> {
  try {
    return parseIntoClientConfig(url);
  } catch {
    // The cause is left out: its message may quote the text.
    throw new DatabaseUrlInvalid('it cannot be parsed, or a certificate file it names cannot be read');
  }
}
