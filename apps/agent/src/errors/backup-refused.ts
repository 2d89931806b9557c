import { UserError } from '@lifeboat/model';

/** Why a volume is not taken as it is now. */
export type VolumeRefusal = Readonly<{ code: string; volumeId: string; message: string; remedy: string }>;

/** A safety guard says no to the whole run; the code is that of the first volume, all volumes are in the details. */
export class BackupRefused extends UserError {
  readonly code: string;
  constructor(readonly refusals: readonly [VolumeRefusal, ...VolumeRefusal[]]) {
    super(refusals[0].message, {
      details: { volumes: refusals.map((refusal) => `${refusal.volumeId}: ${refusal.code}`) },
      remedy: [...new Set(refusals.map((refusal) => refusal.remedy))].join(' '),
    });
    this.code = refusals[0].code;
  }
}
