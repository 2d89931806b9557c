import { OperationalError, UserError } from '@lifeboat/model';

/** The queue's PostgreSQL or Redis did not answer when it was opened. */
export class QueueUnreachable extends OperationalError {
  readonly code = 'QUEUE_UNREACHABLE';
  constructor(details: Readonly<{ backend: 'postgres' | 'redis'; reason: string }>, cause?: unknown) {
    super('the server behind the job queue cannot be used', { retry: 'later', details, cause, remedy: 'Check that it runs and that REDIS_URL or DATABASE_URL points to it.' });
  }
}

/** REDIS_URL cannot be used. The text itself is never shown: it may hold a password. */
export class RedisUrlInvalid extends UserError {
  readonly code = 'REDIS_URL_INVALID';
  constructor() {
    super('REDIS_URL is not a usable Redis address', { remedy: 'Write redis://USER:PASSWORD@HOST:PORT, rediss:// for TLS, or the absolute path of a unix socket; or leave it unset.' });
  }
}

/** The Redis server is too old, or may throw queued work away when its memory is full. */
export class RedisUnsuitable extends UserError {
  readonly code = 'REDIS_UNSUITABLE';
  constructor(details: Readonly<{ setting: string; found: string; wanted: string }>) {
    super('the Redis server is not set up as Lifeboat needs it', { details, remedy: `Set ${details.setting} to ${details.wanted} and start again.` });
  }
}
