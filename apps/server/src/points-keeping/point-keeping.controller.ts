import { Body, Controller, HttpCode, Inject, Param, Post } from '@nestjs/common';
import type { PointRecord } from '@lifeboat/catalog';
import { DeleteRequest, ImmutableRequest, PinRequest, ReasonRequest, restPaths, type DeleteAnswer, type Version } from '@lifeboat/protocol';
import { z } from 'zod';
import { ActingOperator } from '../access/acting-operator.js';
import type { Operator } from '../access/operator-sessions.js';
import { ZodPipe } from '../http/zod.pipe.js';
import { versionOf } from '../restore-points/point-views.js';
import { PointKeepingService, type NamedPoint } from './point-keeping.service.js';

const Point = new ZodPipe(z.strictObject({ computer: z.string().min(1).max(256), version: z.string().min(1).max(32) }));
type Answer = Promise<Readonly<{ v: 1; version: Version }>>;

/** Pins, holds, immutability, deletion of single points. */
@Controller()
export class PointKeepingController {
  constructor(@Inject(PointKeepingService) private readonly keeping: PointKeepingService) {}

  @Post(restPaths.pinVersion)
  @HttpCode(200)
  async pin(@Param(Point) named: NamedPoint, @ActingOperator() by: Operator, @Body(new ZodPipe(PinRequest)) body: z.output<typeof PinRequest>): Answer {
    return answer(await this.keeping.pin(named, by, { reason: body.reason, untilMs: body.until }));
  }

  @Post(restPaths.unpinVersion)
  @HttpCode(200)
  async unpin(@Param(Point) named: NamedPoint, @ActingOperator() by: Operator): Answer {
    return answer(await this.keeping.unpin(named, by));
  }

  @Post(restPaths.holdVersion)
  @HttpCode(200)
  async hold(@Param(Point) named: NamedPoint, @ActingOperator() by: Operator, @Body(new ZodPipe(ReasonRequest)) body: z.output<typeof ReasonRequest>): Answer {
    return answer(await this.keeping.hold(named, by, body.reason));
  }

  @Post(restPaths.releaseVersion)
  @HttpCode(200)
  async release(@Param(Point) named: NamedPoint, @ActingOperator() by: Operator, @Body(new ZodPipe(ReasonRequest)) body: z.output<typeof ReasonRequest>): Answer {
    return answer(await this.keeping.release(named, by, body.reason));
  }

  @Post(restPaths.freezeVersion)
  @HttpCode(200)
  async freeze(@Param(Point) named: NamedPoint, @ActingOperator() by: Operator, @Body(new ZodPipe(ImmutableRequest)) body: z.output<typeof ImmutableRequest>): Answer {
    return answer(await this.keeping.freeze(named, by, body.until));
  }

  @Post(restPaths.undeleteVersion)
  @HttpCode(200)
  async undelete(@Param(Point) named: NamedPoint, @ActingOperator() by: Operator, @Body(new ZodPipe(ReasonRequest)) body: z.output<typeof ReasonRequest>): Answer {
    return answer(await this.keeping.undelete(named, by, body.reason));
  }

  @Post(restPaths.deleteVersion)
  @HttpCode(200)
  delete(@Param(Point) named: NamedPoint, @ActingOperator() by: Operator, @Body(new ZodPipe(DeleteRequest)) body: z.output<typeof DeleteRequest>): Promise<DeleteAnswer> {
    return this.keeping.delete(named, by, body);
  }
}

function answer(point: PointRecord): Readonly<{ v: 1; version: Version }> {
  return { v: 1, version: versionOf(point) };
}
