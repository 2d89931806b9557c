import { Body, Controller, HttpCode, Inject, Param, Post } from '@nestjs/common';
import type { PointRecord } from '@lifeboat/catalog';
import { DeleteRequest, ImmutableRequest, PinRequest, ReasonRequest, restPaths, type DeleteAnswer, type Version } from '@lifeboat/protocol';
import { z } from 'zod';
import { ActingOperator } from '../access/acting-operator.js';
import type { Operator } from '../access/operator-sessions.js';
import { ZodPipe } from '../http/zod.pipe.js';
import { versionOf } from '../restore-points/point-views.js';
import { PointKeepingService, type NamedPoint } from './point-keeping.service.js';

const ComputerParam = new ZodPipe(z.string().min(1).max(256));
const VersionParam = new ZodPipe(z.string().min(1).max(32));
type Answer = Promise<Readonly<{ v: 1; version: Version }>>;

/** Pins, holds, immutability, deletion of single points. */
@Controller()
export class PointKeepingController {
  constructor(@Inject(PointKeepingService) private readonly keeping: PointKeepingService) {}

  @Post(restPaths.pinVersion)
  @HttpCode(200)
  async pin(@Param('computer', ComputerParam) computer: string, @Param('version', VersionParam) version: string, @ActingOperator() by: Operator, @Body(new ZodPipe(PinRequest)) body: z.output<typeof PinRequest>): Answer {
    return answer(await this.keeping.pin({ computer, version }, by, { reason: body.reason, untilMs: body.until }));
  }

  @Post(restPaths.unpinVersion)
  @HttpCode(200)
  async unpin(@Param('computer', ComputerParam) computer: string, @Param('version', VersionParam) version: string, @ActingOperator() by: Operator): Answer {
    return answer(await this.keeping.unpin({ computer, version }, by));
  }

  @Post(restPaths.holdVersion)
  @HttpCode(200)
  async hold(@Param('computer', ComputerParam) computer: string, @Param('version', VersionParam) version: string, @ActingOperator() by: Operator, @Body(new ZodPipe(ReasonRequest)) body: z.output<typeof ReasonRequest>): Answer {
    return answer(await this.keeping.hold({ computer, version }, by, body.reason));
  }

  @Post(restPaths.releaseVersion)
  @HttpCode(200)
  async release(@Param('computer', ComputerParam) computer: string, @Param('version', VersionParam) version: string, @ActingOperator() by: Operator, @Body(new ZodPipe(ReasonRequest)) body: z.output<typeof ReasonRequest>): Answer {
    return answer(await this.keeping.release({ computer, version }, by, body.reason));
  }

  @Post(restPaths.freezeVersion)
  @HttpCode(200)
  async freeze(@Param('computer', ComputerParam) computer: string, @Param('version', VersionParam) version: string, @ActingOperator() by: Operator, @Body(new ZodPipe(ImmutableRequest)) body: z.output<typeof ImmutableRequest>): Answer {
    return answer(await this.keeping.freeze({ computer, version }, by, body.until));
  }

  @Post(restPaths.undeleteVersion)
  @HttpCode(200)
  async undelete(@Param('computer', ComputerParam) computer: string, @Param('version', VersionParam) version: string, @ActingOperator() by: Operator, @Body(new ZodPipe(ReasonRequest)) body: z.output<typeof ReasonRequest>): Answer {
    return answer(await this.keeping.undelete({ computer, version }, by, body.reason));
  }

  @Post(restPaths.deleteVersion)
  @HttpCode(200)
  delete(@Param('computer', ComputerParam) computer: string, @Param('version', VersionParam) version: string, @ActingOperator() by: Operator, @Body(new ZodPipe(DeleteRequest)) body: z.output<typeof DeleteRequest>): Promise<DeleteAnswer> {
    const named: NamedPoint = { computer, version };
    return this.keeping.delete(named, by, body);
  }
}

function answer(point: PointRecord): Readonly<{ v: 1; version: Version }> {
  return { v: 1, version: versionOf(point) };
}
