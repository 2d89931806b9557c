import { Controller, Get, Inject, Res } from '@nestjs/common';
import type { Catalog } from '@lifeboat/catalog';
import type { Jobs } from '@lifeboat/jobs';
import { restPaths } from '@lifeboat/protocol';
import type { Response } from 'express';
import type { Logger } from 'pino';
import { PublicRoute } from '../access/public.decorator.js';
import { CATALOG, JOBS, LOGGER } from '../platform/tokens.js';

/** For supervisors and load balancers; says nothing that strangers should not know. */
@Controller()
export class HealthController {
  constructor(
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(JOBS) private readonly jobs: Jobs,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /** The process lives. */
  @PublicRoute()
  @Get(restPaths.health)
  health(): { ok: true } {
    return { ok: true };
  }

  /** Database and queue answer; the store is open as long as the server is. */
  @PublicRoute()
  @Get(restPaths.ready)
  async ready(@Res({ passthrough: true }) response: Response): Promise<{ ok: boolean; catalog: boolean; queue: boolean }> {
    const catalog = await this.answers(() => this.catalog.watermark().then(() => true));
    const queue = await this.answers(() => this.jobs.health().then((health) => health.ok));
    if (!catalog || !queue) response.status(503);
    return { ok: catalog && queue, catalog, queue };
  }

  private async answers(ask: () => Promise<boolean>): Promise<boolean> {
    try {
      return await ask();
    } catch (error) {
      this.log.warn({ err: error }, 'a part of the server does not answer');
      return false;
    }
  }
}
