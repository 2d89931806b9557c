import { OperationalError, UserError } from '@lifeboat/model';

/** qemu-img, which writes every format but raw, is not installed. */
export class ExportToolMissing extends OperationalError {
  readonly code = 'EXPORT_TOOL_MISSING';
  constructor(details: { program: string }, cause?: unknown) {
    super('the program that writes this format is not installed', {
      details, cause, retry: 'never', remedy: 'Install qemu-img (Debian and Ubuntu: qemu-utils, Fedora: qemu-img, macOS: qemu), or write a raw image.',
    });
  }
}

/** Something is at the target already, or what is there is no file. */
export class ExportTargetUnusable extends UserError {
  readonly code = 'EXPORT_TARGET_UNUSABLE';
  constructor(details: { targetPath: string; reason: string }) {
    super('the image cannot be written there', { details, remedy: 'Name a file that does not exist yet, or confirm that it may be replaced; only raw images go onto devices.' });
  }
}

/** The disk is larger than the format can say. */
export class ExportTooLarge extends UserError {
  readonly code = 'EXPORT_TOO_LARGE';
  constructor(details: { format: string; sizeBytes: number; sizeBytesMax: number }) {
    super('the disk is too large for this format', { details, remedy: 'Use vhdx or qcow2.' });
  }
}

/** qemu-img gave up. Nothing is left at the target. */
export class ExportFailed extends OperationalError {
  readonly code = 'EXPORT_FAILED';
  constructor(details: { format: string; exit: string; said: string }, cause?: unknown) {
    super('the image could not be written', { details, cause, retry: 'later', remedy: 'See what qemu-img said; often the target disk is full. Nothing was left at the target.' });
  }
}

/** What was written does not read as the disk does. Nothing is left at the target. */
export class ExportMismatch extends OperationalError {
  readonly code = 'EXPORT_MISMATCH';
  constructor(details: { format: string; said: string }) {
    super('the written image differs from the restore point', { details, retry: 'now', remedy: 'Check the target disk and its cables, and export again; nothing was left at the target.' });
  }
}
