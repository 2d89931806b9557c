import { OperationalError, UserError } from '@lifeboat/model';
import type { PlanRefusal, PlanRefusalCode } from '../plan/restore-plan.js';

/** The plan of a restore must not be carried out; `code` is that of the plan's refusal (exit code 4). */
export class RestoreRefused extends UserError {
  readonly code: PlanRefusalCode;
  constructor(refusal: PlanRefusal) {
    super('this restore is refused', { details: { reason: refusal.reason }, remedy: refusal.remedy });
    this.code = refusal.code;
  }
}

/** The target holds other bytes than were written to it. */
export class ReadBackMismatch extends OperationalError {
  readonly code = 'RESTORE_READ_BACK_MISMATCH';
  constructor(details: { targetPath: string; ranges: readonly string[]; rangeCount: number }) {
    super('the target does not hold what was written to it', { details, retry: 'never', remedy: 'Do not use this target; check the disk and its cables and restore to another one.' });
  }
}
