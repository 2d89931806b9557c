import { Body, Controller, Get, HttpCode, Inject, Param, Post, Req } from '@nestjs/common';
import type { Catalog, EnrolmentRecord } from '@lifeboat/catalog';
import { EnrolmentRequestId, minutes, type Clock } from '@lifeboat/model';
import { EnrolmentResolve, EnrolmentTokenCreate, EnrolRequest, restPaths, type EnrolmentTokenCreated, type EnrolResponse, type HeldEnrolment, type HeldEnrolmentList } from '@lifeboat/protocol';
import type { Request } from 'express';
import type { z } from 'zod';
import { AttemptLimiter } from '../access/attempt-limiter.js';
import { addressOf } from '../access/operator.guard.js';
import { PublicRoute } from '../access/public.decorator.js';
import { ZodPipe } from '../http/zod.pipe.js';
import { CATALOG, CLOCK } from '../platform/tokens.js';
import { EnrolmentTokenInvalid } from './enrolment-errors.js';
import { EnrolmentService } from './enrolment.service.js';
import { HeldEnrolmentsService } from './held-enrolments.service.js';

/** Enrolment of agents, and what admins do about it. */
@Controller()
export class EnrolmentsController {
  private readonly limiter: AttemptLimiter;

  constructor(
    @Inject(EnrolmentService) private readonly enrolments: EnrolmentService,
    @Inject(HeldEnrolmentsService) private readonly held: HeldEnrolmentsService,
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.limiter = new AttemptLimiter({ clock, failuresMax: 20, windowMs: minutes(1) });
  }

  @PublicRoute()
  @Post(restPaths.enrolments)
  @HttpCode(200)
  async enrol(@Body(new ZodPipe(EnrolRequest)) request: EnrolRequest, @Req() http: Request): Promise<EnrolResponse> {
    const address = addressOf(http);
    this.limiter.assertAllowed(address);
    try {
      return await this.enrolments.enrol(request);
    } catch (error) {
      if (error instanceof EnrolmentTokenInvalid) this.limiter.failed(address);
      throw error;
    }
  }

  @Post(restPaths.enrolmentTokens)
  async createToken(@Body(new ZodPipe(EnrolmentTokenCreate)) options: z.infer<typeof EnrolmentTokenCreate>): Promise<z.infer<typeof EnrolmentTokenCreated>> {
    const { token, expiresAtMs } = await this.enrolments.createToken(options);
    return { v: 1, token, expiresAt: new Date(expiresAtMs).toISOString() };
  }

  @Get(restPaths.heldEnrolments)
  async list(): Promise<z.infer<typeof HeldEnrolmentList>> {
    const records = await this.held.listHeld();
    return { v: 1, requests: await Promise.all(records.map((record) => this.view(record))) };
  }

  @Post(restPaths.resolveEnrolment)
  @HttpCode(200)
  async resolve(
    @Param('requestId', new ZodPipe(EnrolmentRequestId)) requestId: EnrolmentRequestId,
    @Body(new ZodPipe(EnrolmentResolve)) body: z.infer<typeof EnrolmentResolve>,
  ): Promise<z.infer<typeof HeldEnrolment>> {
    return this.view(await this.held.resolve(requestId, body.as));
  }

  private async view(record: EnrolmentRecord): Promise<z.infer<typeof HeldEnrolment>> {
    const taken = await this.catalog.computers.find(record.takenBy);
    const { requestId, name, takenBy, facts, state } = record;
    return { requestId, name, takenBy, requestedAt: new Date(record.requestedAtMs).toISOString(), facts, takenByFacts: taken?.facts ?? null, state };
  }
}
