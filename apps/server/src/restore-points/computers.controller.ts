import { Controller, Get, Inject, Param } from '@nestjs/common';
import type { Catalog } from '@lifeboat/catalog';
import { restPaths, type ComputerList, type ComputerView, type ItemsView, type VersionList } from '@lifeboat/protocol';
import type { Store } from '@lifeboat/store';
import { z } from 'zod';
import { ZodPipe } from '../http/zod.pipe.js';
import { RoomSequences } from '../platform/room-sequences.js';
import { CATALOG, STORE } from '../platform/tokens.js';
import { KeepingReasons } from '../retention/keeping-reasons.js';
import { FleetView } from './fleet-view.js';
import { versionOf } from './point-views.js';

export const ComputerParam = z.string().min(1).max(256);
const VersionParam = z.string().min(1).max(32);

/** Machines and their restore points. */
@Controller()
export class ComputersController {
  constructor(
    @Inject(FleetView) private readonly fleet: FleetView,
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(STORE) private readonly store: Store,
    @Inject(RoomSequences) private readonly sequences: RoomSequences,
    @Inject(KeepingReasons) private readonly reasons: KeepingReasons,
  ) {}

  @Get(restPaths.computers)
  async list(): Promise<z.infer<typeof ComputerList>> {
    // The number is taken first: a change in between is then pushed once more, never missed.
    const seq = this.sequences.current('fleet');
    return { v: 1, seq, computers: [...(await this.fleet.list())] };
  }

  @Get(restPaths.computer)
  async get(@Param('computer', new ZodPipe(ComputerParam)) computer: string): Promise<z.infer<typeof ComputerView>> {
    return { v: 1, computer: await this.fleet.get(computer) };
  }

  @Get(restPaths.versions)
  async versions(@Param('computer', new ZodPipe(ComputerParam)) computer: string): Promise<z.infer<typeof VersionList>> {
    const { machineId, name } = await this.catalog.computers.findByNameOrId(computer);
    const points = await this.catalog.points.listByMachine(machineId);
    const keepingOf = await this.reasons.of(points);
    return { v: 1, computer: name, machineId, versions: points.map((point) => versionOf(point, keepingOf(point))) };
  }

  @Get(restPaths.items)
  async items(
    @Param('computer', new ZodPipe(ComputerParam)) computer: string,
    @Param('version', new ZodPipe(VersionParam)) version: string,
  ): Promise<z.infer<typeof ItemsView>> {
    const { machineId } = await this.catalog.computers.findByNameOrId(computer);
    const { pointId } = await this.catalog.points.resolve(machineId, version);
    return { v: 1, manifest: await this.store.readManifest(machineId, pointId) };
  }
}
