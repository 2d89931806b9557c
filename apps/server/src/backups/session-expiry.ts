import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import type { Ingest } from '@lifeboat/ingest';
import { minutes } from '@lifeboat/model';
import type { Logger } from 'pino';
import { JobBoard } from '../jobs/job-board.js';
import { jobIdOf } from '../jobs/job-of-session.js';
import { INGEST, LOGGER } from '../platform/tokens.js';

const checkMs = minutes(10);

/** Gives up sessions whose agent stayed away too long, and says so in their jobs. */
@Injectable()
export class SessionExpiry implements OnModuleInit, OnModuleDestroy {
  private timer: NodeJS.Timeout | undefined;
  private checking: Promise<void> = Promise.resolve();

  constructor(
    @Inject(INGEST) private readonly ingest: Ingest,
    @Inject(JobBoard) private readonly board: JobBoard,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  onModuleInit(): void {
    this.timer = setInterval(() => {
      this.checking = this.expire().catch((error: unknown) => { this.log.error({ err: error }, 'old sessions could not be given up'); });
    }, checkMs);
    this.timer.unref();
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    await this.checking;
  }

  private async expire(): Promise<void> {
    const jobs = new Map(this.ingest.list().map((session) => [session.sessionId, jobIdOf(session)]));
    for (const sessionId of await this.ingest.expireParked()) {
      const jobId = jobs.get(sessionId);
      this.log.warn({ sessionId, jobId }, 'a backup session was given up because its agent stayed away');
      if (jobId) await this.board.finish(jobId, { state: 'failed', code: 'SESSION_EXPIRED', message: 'The agent did not come back in time; the next backup begins anew.' });
    }
  }
}
