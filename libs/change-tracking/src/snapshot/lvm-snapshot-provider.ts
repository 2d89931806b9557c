import { bytesToHex, MIB, type Random } from '@lifeboat/model';
import { isInvalidSnapshot, lvsArgs, parseLvsReport, type LogicalVolume } from './lvs-report.js';
import type { CommandResult, RunCommand } from './run-command.js';
import { SnapshotFailed, SnapshotOverflowed, SnapshotSpaceMissing } from './snapshot-errors.js';
import type { Snapshot, SnapshotProvider } from './snapshot-provider.js';

/** Marks our snapshots, so that those left by a killed run are found and nothing else is ever removed. */
const tag = 'lifeboat_agent';
const snapshotBytesMin = 64 * MIB;
/** Share of the volume that may be overwritten while it is read. */
const snapshotShare = 0.1;

/**
 * Snapshots of logical volumes. Taking one suspends the volume, for which the kernel freezes a mounted filesystem: what the snapshot holds is
 * as after a clean unmount.
 *
 * @see lvcreate(8), lvremove(8); kernel documentation, device-mapper/snapshot.
 */
export class LvmSnapshotProvider implements SnapshotProvider {
  readonly name = 'lvm';

  constructor(
    private readonly run: RunCommand,
    private readonly random: Random,
  ) {}

  async take(path: string): Promise<Snapshot | null> {
    const volume = await this.findVolume(path);
    if (!volume) return null;
    await this.removeLeftovers(volume);
    const name = `lifeboat-${bytesToHex(this.random.bytes(6))}`;
    await this.mustRun('lvcreate', this.createArgs(volume, name));
    const fullName = `${volume.vg_name}/${name}`;
    return {
      path: `/dev/${fullName}`,
      assertValid: async () => {
        const now = await this.findVolume(fullName);
        if (!now || isInvalidSnapshot(now)) throw new SnapshotOverflowed({ path });
      },
      release: async () => { await this.remove(fullName); },
    };
  }

  private async findVolume(path: string): Promise<LogicalVolume | null> {
    const result = await this.run('lvs', [...lvsArgs, path]);
    // Not a logical volume, or no LVM on this computer: both mean that another way has to be found.
    if (result.exitCode !== 0) return null;
    const volumes = parseLvsReport(result.stdout);
    if (!volumes) throw failureOf('lvs', { ...result, stderr: 'the report cannot be read' });
    return volumes[0] ?? null;
  }

  private createArgs(volume: LogicalVolume, name: string): string[] {
    const origin = `${volume.vg_name}/${volume.lv_name}`;
    const common = ['--yes', '--snapshot', '--name', name, '--addtag', tag];
    if (volume.pool_lv !== '') return [...common, '--setactivationskip', 'n', origin];
    const neededBytes = Math.max(snapshotBytesMin, Math.ceil(volume.lv_size * snapshotShare));
    const sizeBytes = Math.min(neededBytes, volume.vg_free);
    if (sizeBytes < snapshotBytesMin) throw new SnapshotSpaceMissing({ volumeGroup: volume.vg_name, freeBytes: volume.vg_free, neededBytes: snapshotBytesMin });
    return [...common, '--permission', 'r', '--size', `${String(Math.floor(sizeBytes / MIB))}m`, origin];
  }

  /** Removes snapshots of this volume that a killed run left: they slow the volume down and fill up. */
  private async removeLeftovers(volume: LogicalVolume): Promise<void> {
    const result = await this.mustRun('lvs', [...lvsArgs, volume.vg_name]);
    for (const other of parseLvsReport(result.stdout) ?? []) {
      const isOurs = other.origin === volume.lv_name && other.lv_name.startsWith('lifeboat-') && other.lv_tags.split(',').includes(tag);
      if (isOurs) await this.remove(`${other.vg_name}/${other.lv_name}`);
    }
  }

  private async remove(fullName: string): Promise<void> {
    await this.mustRun('lvremove', ['--force', '--yes', fullName]);
  }

  private async mustRun(command: string, args: readonly string[]): Promise<CommandResult> {
    const result = await this.run(command, args);
    if (result.exitCode !== 0) throw failureOf(command, result);
    return result;
  }
}

const failureOf = (command: string, result: CommandResult): SnapshotFailed => new SnapshotFailed({ command, exitCode: result.exitCode, stderr: result.stderr.trim().slice(-500) });
