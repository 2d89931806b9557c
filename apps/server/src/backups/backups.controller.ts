import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import type { Catalog } from '@lifeboat/catalog';
import { JobId } from '@lifeboat/model';
import { BackupStart, JobStopRequest, restPaths, type BackupStarted, type Job, type JobList } from '@lifeboat/protocol';
import { z } from 'zod';
import { ZodPipe } from '../http/zod.pipe.js';
import { JobBoard } from '../jobs/job-board.js';
import { CATALOG } from '../platform/tokens.js';
import { BackupRunsService } from './backup-runs.service.js';

const JobFilter = z.object({ computer: z.string().max(256).optional(), limit: z.coerce.number().int().min(1).max(1000).default(200) });

/** Starting and stopping backups, and the jobs they are. */
@Controller()
export class BackupsController {
  constructor(
    @Inject(BackupRunsService) private readonly runs: BackupRunsService,
    @Inject(JobBoard) private readonly board: JobBoard,
    @Inject(CATALOG) private readonly catalog: Catalog,
  ) {}

  @Post(restPaths.backups)
  async start(@Body(new ZodPipe(BackupStart)) body: z.output<typeof BackupStart>): Promise<z.infer<typeof BackupStarted>> {
    // All names first: a typing error starts nothing at all.
    const computers = [];
    for (const text of body.computers) computers.push(await this.catalog.computers.findByNameOrId(text));
    const jobs = [];
    for (const { machineId, name } of computers) {
      const job = await this.runs.start(machineId, 'admin', { full: body.full, allowInconsistent: body.allowInconsistent });
      jobs.push({ jobId: job.jobId, machineId, computer: name });
    }
    return { v: 1, jobs };
  }

  @Get(restPaths.jobs)
  async list(@Query(new ZodPipe(JobFilter)) filter: z.output<typeof JobFilter>): Promise<z.infer<typeof JobList>> {
    const machine = filter.computer === undefined ? undefined : await this.catalog.computers.findByNameOrId(filter.computer);
    const records = await this.board.list({ limit: filter.limit, ...(machine ? { machineId: machine.machineId } : {}) });
    return { v: 1, jobs: records.map((record) => this.board.view(record)) };
  }

  @Get(restPaths.job)
  async get(@Param('jobId', new ZodPipe(JobId)) jobId: JobId): Promise<Job> {
    return this.board.view(await this.board.get(jobId));
  }

  @Post(restPaths.stopJob)
  @HttpCode(200)
  async stop(@Param('jobId', new ZodPipe(JobId)) jobId: JobId, @Body(new ZodPipe(JobStopRequest)) body: z.output<typeof JobStopRequest>): Promise<Job> {
    return this.board.view(await this.runs.stop(jobId, body.now));
  }
}
