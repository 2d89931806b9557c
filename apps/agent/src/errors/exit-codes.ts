import { isLifeboatError } from '@lifeboat/model';
import { RestoreRefused } from '@lifeboat/restore';
import { DelegatedFailure } from '../daemon/local-messages.js';
import { BackupRefused } from './backup-refused.js';

/** Exit codes of both commands. */
export const exitCodes = { ok: 0, failed: 1, warnings: 2, refused: 4, notAllowed: 5, unreachable: 6, busy: 7, usage: 64, config: 78, interrupted: 130 } as const;

const codesByExit: readonly Readonly<{ exit: number; codes: readonly string[] }>[] = [
  {
    exit: exitCodes.notAllowed,
    codes: [
      'NOT_ENROLLED', 'ENROLMENT_HELD', 'ENROLMENT_REJECTED', 'ENROLMENT_TOKEN_INVALID', 'KEY_ALREADY_ENROLLED', 'WRONG_SERVER_KEY', 'HANDSHAKE_REFUSED', 'AGENT_TOO_OLD', 'AGENT_TOO_NEW',
      'TOO_MANY_ATTEMPTS', 'LOGIN_REQUIRED',
    ],
  },
  { exit: exitCodes.refused, codes: ['BACKUP_DISABLED', 'BLOCK_DEVICE_BUSY', 'BLOCK_PATH_EXISTS', 'TARGET_TOO_SMALL'] },
  { exit: exitCodes.unreachable, codes: ['SERVER_UNREACHABLE', 'CONNECTION_LOST', 'SERVER_STOPPING', 'RESTORE_CONNECTION_LOST'] },
  { exit: exitCodes.busy, codes: ['AGENT_BUSY', 'MACHINE_CONNECTED_ELSEWHERE', 'STORE_LOCKED'] },
  { exit: exitCodes.usage, codes: ['USAGE_INVALID'] },
  { exit: exitCodes.config, codes: ['CONFIG_INVALID'] },
  { exit: exitCodes.interrupted, codes: ['RUN_STOPPED'] },
];
const exitByCode: ReadonlyMap<string, number> = new Map(codesByExit.flatMap(({ exit, codes }) => codes.map((code) => [code, exit] as const)));

/** The exit code for an error: the one map of this command. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof DelegatedFailure) return error.exitCode;
  if (error instanceof BackupRefused || error instanceof RestoreRefused) return exitCodes.refused;
  if (!isLifeboatError(error)) return exitCodes.failed;
  return exitByCode.get(error.code) ?? exitCodes.failed;
}
