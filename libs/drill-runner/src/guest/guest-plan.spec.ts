import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MIB } from '@lifeboat/model';
import { baseOf, qemuArguments, type GuestPlan } from './guest-plan.js';

const plan: GuestPlan = {
  runDir: '/run/drill,1', accelerator: 'tcg', firmware: 'bios', bus: 'virtio', memoryBytes: 768 * MIB, disks: [{ kind: 'raw', path: '/images/a.img' }], uefi: null, kernel: null,
};
const joined = (changes: Partial<GuestPlan> = {}): string => qemuArguments({ ...plan, ...changes }).join(' ');

test('a guest has no network card, nothing by default, and filtered system calls', () => {
  expect(joined()).toContain('-nodefaults -no-user-config');
  expect(joined()).toContain('-nic none');
  expect(joined()).toContain('-sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny');
  expect(joined()).not.toMatch(/netdev|virtfs|-monitor/);
});

test('disks are overlays of a named format in the private folder, and commas in paths cannot add options', () => {
  expect(joined()).toContain('format=qcow2,file=/run/drill,,1/overlay-0.qcow2');
  expect(joined()).not.toContain('/images/a.img');
});

test.each([
  { bus: 'virtio' as const, device: 'virtio-blk-pci,drive=disk0' }, { bus: 'scsi' as const, device: 'scsi-hd,bus=scsi.0,drive=disk0' }, { bus: 'nvme' as const, device: 'nvme,drive=disk0,serial=disk0' },
  { bus: 'ide' as const, device: 'ide-hd,drive=disk0' }, { bus: 'sata' as const, device: 'ide-hd,drive=disk0' },
])('a disk on $bus', ({ bus, device }) => {
  expect(joined({ bus })).toContain(`-device ${device},bootindex=1`);
});

test('an export is named by socket and name, both escaped', () => {
  expect(baseOf({ kind: 'nbd', socketPath: '/run/a b.sock', exportName: 'disk?0' })).toEqual({ file: 'nbd+unix:///disk%3F0?socket=%2Frun%2Fa%20b.sock', format: 'raw' });
});

test('qemu-img makes an overlay of such a base and never guesses its format', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lifeboat-guest-'));
  try {
    const image = join(folder, 'base.img');
    // A raw disk that begins like a qcow2 file: whoever guesses reads what its owner wants.
    writeFileSync(image, Buffer.concat([Buffer.from('QFI\u00fb', 'latin1'), Buffer.alloc(MIB - 4)]));
    const { file, format } = baseOf({ kind: 'raw', path: image });
    const overlay = join(folder, 'overlay.qcow2');
    execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', file, '-F', format, overlay]);
    const facts = JSON.parse(execFileSync('qemu-img', ['info', '--output=json', overlay], { encoding: 'utf8' })) as Record<string, unknown>;
    expect(facts).toMatchObject({ 'backing-filename-format': 'raw', 'virtual-size': MIB });
    expect(spawnSync('qemu-img', ['compare', '-f', 'qcow2', '-F', 'raw', overlay, image]).status).toBe(0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
