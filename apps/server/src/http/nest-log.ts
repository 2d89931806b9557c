import type { LoggerService } from '@nestjs/common';
import type { Logger } from 'pino';

/** Nest's own messages in our log: what it has to say of its start is detail, its warnings and errors are not. */
export class NestLog implements LoggerService {
  constructor(private readonly target: Logger) {}

  log(message: unknown, context?: unknown): void {
    this.target.debug({ context }, String(message));
  }

  warn(message: unknown, context?: unknown): void {
    this.target.warn({ context }, String(message));
  }

  error(message: unknown, ...details: unknown[]): void {
    this.target.error({ err: message instanceof Error ? message : undefined, details: details.map(String) }, message instanceof Error ? 'Nest reported an error' : String(message));
  }
}
