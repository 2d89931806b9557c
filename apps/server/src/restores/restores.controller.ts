import { Body, Controller, Inject, Post } from '@nestjs/common';
import type { Catalog } from '@lifeboat/catalog';
import { RestoreRequest, restPaths, type RestoreGranted } from '@lifeboat/protocol';
import type { z } from 'zod';
import { ZodPipe } from '../http/zod.pipe.js';
import { CATALOG } from '../platform/tokens.js';
import { RestoresService } from './restores.service.js';

/** Opens points of any machine for operators. */
@Controller()
export class RestoresController {
  constructor(
    @Inject(RestoresService) private readonly restores: RestoresService,
    @Inject(CATALOG) private readonly catalog: Catalog,
  ) {}

  @Post(restPaths.restores)
  async open(@Body(new ZodPipe(RestoreRequest)) request: z.infer<typeof RestoreRequest>): Promise<RestoreGranted> {
    const { machineId } = await this.catalog.computers.findByNameOrId(request.computer);
    return { v: 1, ...(await this.restores.open(machineId, request.version)) };
  }
}
