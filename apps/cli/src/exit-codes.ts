import { isLifeboatError } from '@lifeboat/model';

/** Exit codes of the command line; scripts rely on them. */
export const exitCodes = {
  ok: 0, failed: 1, warnings: 2, verificationFailed: 3, refused: 4, notAllowed: 5, unreachable: 6, busy: 7, usage: 64, badConfiguration: 78, interrupted: 130,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** The exit code of each error that is not a plain failure. The only such map. */
const byCode: Readonly<Record<string, ExitCode>> = {
  RESTORE_ROOT_MISMATCH: exitCodes.verificationFailed, RESTORE_READ_BACK_MISMATCH: exitCodes.verificationFailed, EXPORT_MISMATCH: exitCodes.verificationFailed,
  TARGET_MOUNTED: exitCodes.refused, TARGET_TOO_SMALL: exitCodes.refused, LAYOUT_DIFFERS: exitCodes.refused, SECTOR_SIZE_DIFFERS: exitCodes.refused,
  TARGET_SERIAL_MISMATCH: exitCodes.refused, TARGET_NOT_CONFIRMED: exitCodes.refused, BLOCK_DEVICE_BUSY: exitCodes.refused,
  EXPORT_TARGET_UNUSABLE: exitCodes.refused, EXPORT_TOO_LARGE: exitCodes.refused,
  CHANGE_NOT_CONFIRMED: exitCodes.refused, POINT_IS_KEPT: exitCodes.refused, DELETION_NOT_CONFIRMED: exitCodes.refused, PLAN_STALE: exitCodes.refused, CLOCK_UNTRUSTED: exitCodes.refused,
  STORE_SHRANK: exitCodes.refused, QUOTA_BELOW_FLOORS: exitCodes.refused, ADMIN_REQUIRED: exitCodes.notAllowed, SECOND_OPERATOR_REQUIRED: exitCodes.notAllowed, RETENTION_BUSY: exitCodes.busy,
  NOT_LOGGED_IN: exitCodes.notAllowed, LOGIN_REQUIRED: exitCodes.notAllowed, LOGIN_REFUSED: exitCodes.notAllowed, ORIGIN_REFUSED: exitCodes.notAllowed,
  RESTORE_TICKET_REFUSED: exitCodes.notAllowed,
  SERVER_UNREACHABLE: exitCodes.unreachable, RESTORE_CONNECTION_LOST: exitCodes.unreachable, SERVER_STOPPING: exitCodes.unreachable,
  TOO_MANY_ATTEMPTS: exitCodes.busy, STORE_LOCKED: exitCodes.busy,
  USAGE: exitCodes.usage, REQUEST_INVALID: exitCodes.usage, VOLUME_NOT_IN_POINT: exitCodes.usage,
  CONFIG_INVALID: exitCodes.badConfiguration,
  INTERRUPTED: exitCodes.interrupted,
};

/** The exit code that tells a script what kind of failure `error` is. */
export function exitCodeOf(error: unknown): ExitCode {
  if (isLifeboatError(error)) return byCode[error.code] ?? exitCodes.failed;
  return exitCodes.failed;
}
