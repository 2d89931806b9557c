import { MIB } from '@lifeboat/model';

/** Where a guest's disk comes from: an NBD export on a unix socket, or a raw image file. The base is never written. */
export type GuestDisk = Readonly<{ kind: 'nbd'; socketPath: string; exportName: string } | { kind: 'raw'; path: string }>;
export type DiskBus = 'virtio' | 'scsi' | 'nvme' | 'ide' | 'sata';
export type Firmware = 'bios' | 'uefi';
export type Accelerator = 'kvm' | 'tcg';

/** Everything QEMU is told of a drill's guest. Paths are absolute; `runDir` is private to the drill. */
export type GuestPlan = Readonly<{
  runDir: string; accelerator: Accelerator; firmware: Firmware; bus: DiskBus; memoryBytes: number; disks: readonly GuestDisk[];
  /** Firmware code, and a private copy of its variables; only for UEFI. */
  uefi: Readonly<{ codePath: string; varsPath: string }> | null;
  /** Kernel to boot directly, for throw-away helpers; null boots the disk. */
  kernel: Readonly<{ path: string; initrdPath: string; commandLine: string }> | null;
}>;

/** Names of the sockets and files in `runDir`. */
export const guestFiles = { serial: 'serial.sock', qmp: 'qmp.sock', overlay: (disk: number): string => `overlay-${String(disk)}.qcow2` } as const;

/** TCG keeps translated code; without a bound a Debian guest makes it 1.4 GiB. */
const translationMib = 256;

/**
 * QEMU's command line for a drill: no network card at all, nothing by default, its own syscalls filtered, every disk a throw-away overlay of a named format whose
 * base is read only. Pure.
 */
export function qemuArguments(plan: GuestPlan): string[] {
  return [
    '-accel', plan.accelerator === 'tcg' ? `tcg,tb-size=${String(translationMib)}` : 'kvm', '-cpu', plan.accelerator === 'tcg' ? 'Nehalem' : 'host',
    '-machine', plan.firmware === 'uefi' || plan.bus === 'sata' ? 'q35' : 'pc', '-m', String(Math.ceil(plan.memoryBytes / MIB)), '-smp', '1',
    '-nodefaults', '-no-user-config', '-display', 'none', '-vga', 'std', '-nic', 'none', '-no-reboot', '-rtc', 'base=utc',
    '-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny',
    '-serial', `unix:${plan.runDir}/${guestFiles.serial},server=on,wait=off`, '-qmp', `unix:${plan.runDir}/${guestFiles.qmp},server=on,wait=off`,
    '-device', 'pvpanic', '-device', 'virtio-rng-pci',
    ...firmwareArguments(plan), ...kernelArguments(plan), ...controllerArguments(plan.bus),
    ...plan.disks.flatMap((_, index) => diskArguments(plan, index)),
  ];
}

function firmwareArguments({ uefi }: GuestPlan): string[] {
  if (!uefi) return [];
  return ['-drive', `if=pflash,format=raw,unit=0,readonly=on,file=${escaped(uefi.codePath)}`, '-drive', `if=pflash,format=raw,unit=1,file=${escaped(uefi.varsPath)}`];
}

function kernelArguments({ kernel }: GuestPlan): string[] {
  return kernel ? ['-kernel', kernel.path, '-initrd', kernel.initrdPath, '-append', kernel.commandLine] : [];
}

function controllerArguments(bus: DiskBus): string[] {
  return bus === 'scsi' ? ['-device', 'virtio-scsi-pci,id=scsi'] : [];
}

/** The overlay was made by the drill with its base named in it; QEMU is told both formats and guesses neither. */
function diskArguments(plan: GuestPlan, index: number): string[] {
  const id = `disk${String(index)}`;
  const drive = `if=none,id=${id},format=qcow2,file=${escaped(`${plan.runDir}/${guestFiles.overlay(index)}`)},cache=unsafe,discard=unmap,werror=report,rerror=report`;
  return ['-drive', drive, '-device', `${deviceOf(plan.bus)},drive=${id}${plan.bus === 'nvme' ? `,serial=${id}` : ''}${plan.kernel ? '' : `,bootindex=${String(index + 1)}`}`];
}

function deviceOf(bus: DiskBus): string {
  switch (bus) {
    case 'virtio':
      return 'virtio-blk-pci';
    case 'scsi':
      return 'scsi-hd,bus=scsi.0';
    case 'nvme':
      return 'nvme';
    case 'ide':
    case 'sata':
      return 'ide-hd';
  }
}

/** QEMU splits option values at commas; a doubled one stands for itself. */
const escaped = (value: string): string => value.replaceAll(',', ',,');

/** The base of a disk as `qemu-img create -b` and the overlay's header name it, with its format. */
export function baseOf(disk: GuestDisk): Readonly<{ file: string; format: 'raw' }> {
  return { file: disk.kind === 'raw' ? disk.path : `nbd+unix:///${encodeURIComponent(disk.exportName)}?socket=${encodeURIComponent(disk.socketPath)}`, format: 'raw' };
}
