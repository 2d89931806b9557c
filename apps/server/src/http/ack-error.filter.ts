import { Catch, Inject, Injectable, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Logger } from 'pino';
import { LOGGER } from '../platform/tokens.js';
import { isUnexpected, refusalOf } from './refusal.js';

/**
 * Acknowledges a failed control event with a `Refusal`. Bound to each gateway class, because global filters do not run there; Nest's own
 * filter would leave the acknowledgement pending and send the whole message back.
 */
@Injectable()
@Catch()
export class AckErrorFilter implements ExceptionFilter {
  constructor(@Inject(LOGGER) private readonly log: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    if (isUnexpected(error)) this.log.error({ err: error }, 'a control event failed unexpectedly');
    // Nest calls a handler with (socket, payload, acknowledge, pattern).
    const acknowledge: unknown = host.getArgByIndex(2);
    if (typeof acknowledge === 'function') (acknowledge as (answer: unknown) => void)(refusalOf(error).refusal);
  }
}
