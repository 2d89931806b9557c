import { OperationalError, type ErrorDetails } from '@lifeboat/model';

/** QEMU does not answer, or refuses what it is told. */
export class GuestControlLost extends OperationalError {
  readonly code = 'GUEST_CONTROL_LOST';
  constructor(details: ErrorDetails) {
    super('the virtual machine of the drill cannot be controlled any more', { retry: 'later', details, remedy: "Look at the emulator's own output in the evidence of the drill." });
  }
}

/** A program that the drill needs is not installed here; the check that needed it could not judge. */
export class DrillToolMissing extends OperationalError {
  readonly code = 'DRILL_TOOL_MISSING';
  constructor(details: Readonly<{ program: string; package: string }>) {
    super('a program that this drill needs is not installed', { retry: 'never', details, remedy: `Install the package ${details.package} on the computer that runs the drills.` });
  }
}

/** QEMU did not start. */
export class GuestNotStarted extends OperationalError {
  readonly code = 'GUEST_NOT_STARTED';
  constructor(details: Readonly<{ exitCode: number | null; output: string }>, cause?: unknown) {
    super('the virtual machine of the drill did not start', { retry: 'later', details, cause, remedy: 'Check memory, disk space and the installed version of QEMU on the computer that runs the drills.' });
  }
}
