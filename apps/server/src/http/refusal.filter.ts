import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Response } from 'express';
import type { Logger } from 'pino';
import { isUnexpected, refusalOf } from './refusal.js';

/** Answers every failed HTTP request with a `Refusal`; logs what nobody foresaw. */
@Catch()
export class RefusalFilter implements ExceptionFilter {
  constructor(private readonly log: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<Response>();
    const { status, refusal } = refusalOf(error);
    if (isUnexpected(error)) this.log.error({ err: error }, 'request failed unexpectedly');
    if (response.headersSent) response.destroy();
    else response.status(status).json(refusal);
  }
}
