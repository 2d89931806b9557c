import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { days, DeletionRequestId, type Clock } from '@lifeboat/model';
import {
  ReasonRequest, restPaths, RetentionPlanQuery, RetentionRunRequest, RetentionSimulation, StoreHistoryQuery, type DeletionList, type DeletionRequestAnswer, type DeletionRequestList, type RetentionComparison,
  type RetentionPlanView, type RetentionRunStarted, type RetentionRunState, type RetentionView,
} from '@lifeboat/protocol';
import type { z } from 'zod';
import { ActingOperator } from '../access/acting-operator.js';
import type { Operator } from '../access/operator-sessions.js';
import { ZodPipe } from '../http/zod.pipe.js';
import { CLOCK } from '../platform/tokens.js';
import { DeletionRequestsService } from './deletion-requests.service.js';
import { RetentionOverview } from './retention-overview.js';
import { RetentionPlans } from './retention-plans.js';
import { RetentionRunsService } from './retention-runs.service.js';
import { RetentionTurns } from './retention-turns.js';

const requestsMax = 1000;

/** What retention would do, does and did. */
@Controller()
export class RetentionController {
  constructor(
    @Inject(RetentionOverview) private readonly overview: RetentionOverview,
    @Inject(RetentionPlans) private readonly plans: RetentionPlans,
    @Inject(RetentionRunsService) private readonly runs: RetentionRunsService,
    @Inject(DeletionRequestsService) private readonly requests: DeletionRequestsService,
    @Inject(RetentionTurns) private readonly turns: RetentionTurns,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Get(restPaths.retention)
  show(): Promise<RetentionView> {
    return this.overview.show();
  }

  @Get(restPaths.retentionPlan)
  plan(@Query(new ZodPipe(RetentionPlanQuery)) { free, at }: z.output<typeof RetentionPlanQuery>): Promise<RetentionPlanView> {
    return this.plans.show({ ...(free === undefined ? {} : { freeBytes: free }), ...(at === undefined ? {} : { atMs: at.getTime() }) });
  }

  @Post(restPaths.retentionSimulation)
  @HttpCode(200)
  simulate(@Body(new ZodPipe(RetentionSimulation)) body: RetentionSimulation): Promise<RetentionComparison> {
    return this.plans.compare(body);
  }

  @Post(restPaths.retentionRun)
  @HttpCode(202)
  async run(@Body(new ZodPipe(RetentionRunRequest)) body: z.output<typeof RetentionRunRequest>): Promise<z.infer<typeof RetentionRunStarted>> {
    return { v: 1, planHash: await this.runs.start(body.planHash), run: this.runs.view() };
  }

  @Get(restPaths.retentionRun)
  state(): z.infer<typeof RetentionRunState> {
    return { v: 1, run: this.runs.view() };
  }

  @Post(restPaths.retentionStop)
  @HttpCode(200)
  async stop(): Promise<z.infer<typeof RetentionRunState>> {
    await this.runs.stop();
    return { v: 1, run: this.runs.view() };
  }

  @Get(restPaths.deletions)
  deletions(@Query(new ZodPipe(StoreHistoryQuery)) query: z.output<typeof StoreHistoryQuery>): Promise<z.infer<typeof DeletionList>> {
    return this.overview.deletions(Math.max(0, this.clock.nowMs() - days(query.days)));
  }

  @Get(restPaths.deletionRequests)
  async listRequests(): Promise<z.infer<typeof DeletionRequestList>> {
    return { v: 1, requests: await this.overview.requests(await this.requests.list(requestsMax)) };
  }

  @Post(restPaths.approveDeletion)
  @HttpCode(200)
  async approve(@Param('requestId', new ZodPipe(DeletionRequestId)) requestId: DeletionRequestId, @ActingOperator() by: Operator): Promise<z.infer<typeof DeletionRequestAnswer>> {
    await this.turns.take(async () => {
      await this.requests.approve(requestId, by.label);
      await this.requests.carryOut();
    });
    return this.answer(requestId);
  }

  @Post(restPaths.withdrawDeletion)
  @HttpCode(200)
  async withdraw(
    @Param('requestId', new ZodPipe(DeletionRequestId)) requestId: DeletionRequestId, @ActingOperator() by: Operator, @Body(new ZodPipe(ReasonRequest)) body: z.output<typeof ReasonRequest>,
  ): Promise<z.infer<typeof DeletionRequestAnswer>> {
    await this.turns.take(() => this.requests.withdraw(requestId, { actor: by.label, reason: body.reason }));
    return this.answer(requestId);
  }

  private async answer(requestId: DeletionRequestId): Promise<z.infer<typeof DeletionRequestAnswer>> {
    const [request] = await this.overview.requests([await this.requests.get(requestId)]);
    return { v: 1, request: request as NonNullable<typeof request> };
  }
}
