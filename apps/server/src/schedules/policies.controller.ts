import { Body, Controller, Get, Inject, Param, Put } from '@nestjs/common';
import type { EffectivePolicy } from '@lifeboat/catalog';
import { PolicySet, restPaths, type PolicyView } from '@lifeboat/protocol';
import type { z } from 'zod';
import { ZodPipe } from '../http/zod.pipe.js';
import { ComputerParam } from '../restore-points/computers.controller.js';
import { PoliciesService } from './policies.service.js';

/** Backup policies: the default and those of single machines. */
@Controller()
export class PoliciesController {
  constructor(@Inject(PoliciesService) private readonly policies: PoliciesService) {}

  @Get(restPaths.policy)
  async getDefault(): Promise<z.infer<typeof PolicyView>> {
    return view(await this.policies.getDefault());
  }

  @Put(restPaths.policy)
  async setDefault(@Body(new ZodPipe(PolicySet)) body: z.infer<typeof PolicySet>): Promise<z.infer<typeof PolicyView>> {
    return view(await this.policies.setDefault(body.policy));
  }

  @Get(restPaths.machinePolicy)
  async getOfMachine(@Param('computer', new ZodPipe(ComputerParam)) computer: string): Promise<z.infer<typeof PolicyView>> {
    return view(await this.policies.getOf(computer));
  }

  @Put(restPaths.machinePolicy)
  async setOfMachine(
    @Param('computer', new ZodPipe(ComputerParam)) computer: string,
    @Body(new ZodPipe(PolicySet)) body: z.infer<typeof PolicySet>,
  ): Promise<z.infer<typeof PolicyView>> {
    return view(await this.policies.setOf(computer, body.policy));
  }
}

function view({ policy, origin }: EffectivePolicy): z.infer<typeof PolicyView> {
  return { v: 1, policy, origin };
}
