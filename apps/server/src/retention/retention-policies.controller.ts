import { Body, Controller, HttpCode, Inject, Param, Post, Put } from '@nestjs/common';
import {
  PolicyChange, PolicySave, ReasonRequest, restPaths, SettingsChange, SettingsSave, TagsSet, type BlastRadius, type PolicySaved, type SettingsSaved, type TagsView,
} from '@lifeboat/protocol';
import { z } from 'zod';
import { ActingOperator } from '../access/acting-operator.js';
import type { Operator } from '../access/operator-sessions.js';
import { ZodPipe } from '../http/zod.pipe.js';
import { AnomalyBrakeService } from './anomaly-brake.service.js';
import { RetentionPoliciesService } from './retention-policies.service.js';

const ComputerParam = z.string().min(1).max(256);

/** Retention policies, tags and settings, each with what it would delete before it takes effect. */
@Controller()
export class RetentionPoliciesController {
  constructor(
    @Inject(RetentionPoliciesService) private readonly policies: RetentionPoliciesService,
    @Inject(AnomalyBrakeService) private readonly brake: AnomalyBrakeService,
  ) {}

  @Post(restPaths.retentionBlastRadius)
  @HttpCode(200)
  policyRadius(@Body(new ZodPipe(PolicyChange)) body: PolicyChange): Promise<BlastRadius> {
    return this.policies.radiusOfPolicy(body);
  }

  @Put(restPaths.retentionPolicies)
  async savePolicy(@ActingOperator() by: Operator, @Body(new ZodPipe(PolicySave)) { scope, policy, confirm }: z.output<typeof PolicySave>): Promise<z.infer<typeof PolicySaved>> {
    return { v: 1, scope, policy, radius: await this.policies.savePolicy({ scope, policy }, { by, confirm }) };
  }

  @Post(restPaths.retentionSettingsBlastRadius)
  @HttpCode(200)
  settingsRadius(@Body(new ZodPipe(SettingsChange)) { settings }: z.output<typeof SettingsChange>): Promise<BlastRadius> {
    return this.policies.radiusOfSettings(settings);
  }

  @Put(restPaths.retentionSettings)
  async saveSettings(@ActingOperator() by: Operator, @Body(new ZodPipe(SettingsSave)) { settings, confirm }: z.output<typeof SettingsSave>): Promise<z.infer<typeof SettingsSaved>> {
    return { v: 1, settings, radius: await this.policies.saveSettings(settings, { by, confirm }) };
  }

  @Put(restPaths.machineTags)
  async tag(@Param('computer', new ZodPipe(ComputerParam)) computer: string, @Body(new ZodPipe(TagsSet)) body: z.output<typeof TagsSet>): Promise<z.infer<typeof TagsView>> {
    const { machineId, name, tags } = await this.policies.tag(computer, body.tags);
    return { v: 1, computer: name, machineId, tags };
  }

  @Post(restPaths.clearAnomaly)
  @HttpCode(200)
  async clearAnomaly(@Param('computer', new ZodPipe(ComputerParam)) computer: string, @ActingOperator() by: Operator, @Body(new ZodPipe(ReasonRequest)) body: z.output<typeof ReasonRequest>): Promise<{ v: 1 }> {
    await this.brake.clear(computer, { actor: by.label, reason: body.reason });
    return { v: 1 };
  }
}
