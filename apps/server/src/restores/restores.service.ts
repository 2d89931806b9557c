import { Inject, Injectable } from '@nestjs/common';
import type { Catalog } from '@lifeboat/catalog';
import type { MachineId, RestorePointManifest } from '@lifeboat/model';
import { initialCreditBytes } from '@lifeboat/protocol';
import type { Store } from '@lifeboat/store';
import type { Logger } from 'pino';
import { Tickets } from '../data-plane/tickets.js';
import { CATALOG, LOGGER, STORE } from '../platform/tokens.js';

/** What opens a point for reading. */
export type OpenedPoint = Readonly<{ ticket: string; creditBytes: number; manifest: RestorePointManifest }>;

/** Opens restore points for reading. */
@Injectable()
export class RestoresService {
  constructor(
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(STORE) private readonly store: Store,
    @Inject(Tickets) private readonly tickets: Tickets,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /**
   * Opens a point of `machineId`, and of no other machine, whatever `version` says.
   *
   * @param version id, unique prefix, or `latest`.
   * @throws VersionNotFound (VERSION_NOT_FOUND), VersionAmbiguous (VERSION_AMBIGUOUS), PointMissing (POINT_MISSING), PointDamaged (POINT_DAMAGED)
   */
  async open(machineId: MachineId, version: string): Promise<OpenedPoint> {
    const { pointId } = await this.catalog.points.resolve(machineId, version);
    const manifest = await this.store.readManifest(machineId, pointId);
    this.log.info({ machineId, pointId }, 'restore point opened for reading');
    return { ticket: this.tickets.issue({ kind: 'restore', machineId, manifest }), creditBytes: initialCreditBytes, manifest };
  }
}
