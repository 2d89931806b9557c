/**
 * Where a PostgreSQL server is, as discrete settings. Never a URL: the schema engine's adapter would let the URL's database win over the
 * one it is told to use. A plain object, so that the queue's own pool can be given the same settings.
 */
export interface PgConnection {
  /** Host name, address, or the absolute path of the folder that holds the unix socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password?: string;
  readonly database: string;
  /** TLS as `pg` takes it; absent or `false` is plain. */
  readonly ssl?: boolean | Readonly<Record<string, unknown>>;
}
