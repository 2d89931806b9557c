import { OperationalError, UserError, type ErrorDetails } from '@lifeboat/model';

/** A retention policy has a number that cannot be meant. `problems` names each field. */
export class RetentionPolicyInvalid extends UserError {
  readonly code = 'RETENTION_POLICY_INVALID';
  constructor(problems: readonly string[], details: ErrorDetails = {}) {
    super('the retention policy is not valid', { details: { ...details, problems }, remedy: 'Correct the fields that are named; nothing was deleted.' });
  }
}

/** No such IANA time zone is known here. */
export class TimeZoneUnknown extends UserError {
  readonly code = 'TIME_ZONE_UNKNOWN';
  constructor(timeZone: string) {
    super('the time zone is not known', { details: { timeZone: timeZone.slice(0, 64) }, remedy: 'Write an IANA name such as Europe/Berlin; nothing was deleted.' });
  }
}

/** The numbers that a decision would rest on contradict themselves. */
export class RetentionStateInvalid extends OperationalError {
  readonly code = 'RETENTION_STATE_INVALID';
  constructor(problems: readonly string[]) {
    super('what is known of the store contradicts itself', { retry: 'later', details: { problems }, remedy: 'Nothing was deleted. Run `lifeboat catalog rebuild`; if it stays, report it.' });
  }
}

/** The wall clock and the time that the store trusts disagree. */
export class ClockUntrusted extends OperationalError {
  readonly code = 'CLOCK_UNTRUSTED';
  constructor(details: Readonly<{ wallMs: number; trustedMs: number }>) {
    super('the clock jumped', { retry: 'later', details, remedy: 'Nothing was deleted. Set the clock right, or confirm the new time.' });
  }
}

/** The filesystem of the store, or its quota, is smaller than at the last run: perhaps another filesystem is mounted in its place. */
export class StoreShrank extends OperationalError {
  readonly code = 'STORE_SHRANK';
  constructor(details: Readonly<{ previousSizeBytes: number; sizeBytes: number }>) {
    super('the store is smaller than before', { retry: 'later', details, remedy: 'Nothing was deleted. Check what is mounted under the data directory, or confirm the new size.' });
  }
}

/** What no policy and no pressure may delete does not fit into the quota. */
export class QuotaBelowFloors extends UserError {
  readonly code = 'QUOTA_BELOW_FLOORS';
  constructor(details: Readonly<{ quotaBytes: number; floorBytes: number }>) {
    super('the quota is smaller than what must stay', { details, remedy: 'Nothing was deleted. Raise the quota to at least `floorBytes` and some room to work in.' });
  }
}

/** The store went on since the plan was made. */
export class PlanStale extends OperationalError {
  readonly code = 'PLAN_STALE';
  constructor(details: ErrorDetails) {
    super('the plan was made for an older state of the store', { retry: 'now', details, remedy: 'Nothing was deleted. Look at the new plan.' });
  }
}

/** A point that was to be deleted must stay. */
export class PointIsKept extends UserError {
  readonly code = 'POINT_IS_KEPT';
  constructor(details: Readonly<{ machineId: string; pointId: string; floors: readonly string[]; reasons: readonly string[] }>) {
    super('this restore point must stay', { details, remedy: 'Nothing was deleted. See `reasons`; a pin can be taken back, an immutable point cannot.' });
  }
}

/** A point that was to be deleted is not in the state that the decision was made for. */
export class PointUnknown extends OperationalError {
  readonly code = 'POINT_UNKNOWN';
  constructor(details: Readonly<{ machineId: string; pointId: string }>) {
    super('this restore point is not known any more', { retry: 'now', details, remedy: 'Nothing was deleted. Look at the new plan.' });
  }
}

/** A deletion above the caps has neither a second operator's approval nor waited its 24 hours. */
export class DeletionNeedsApproval extends UserError {
  readonly code = 'DELETION_NEEDS_APPROVAL';
  constructor(details: Readonly<{ points: number; first: string; reason: string }>) {
    super('this many deletions wait for a second operator or 24 hours', { details, remedy: 'Ask for the deletion; another operator approves it, or it goes on after 24 hours.' });
  }
}
