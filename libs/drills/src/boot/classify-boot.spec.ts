import fc from 'fast-check';
import { classifyBoot, isSettled, provesBoot, type BootEvidence, type BootState } from './classify-boot.js';

const evidence = (changes: Partial<BootEvidence>): BootEvidence => ({ serial: '', screens: [], events: [], emulatorErrors: '', diskReads: 5000, ...changes });

test.each<{ name: string; seen: Partial<BootEvidence>; state: BootState }>([
  { name: 'a login prompt on the serial console', seen: { serial: '[  OK  ] Reached target\r\n\r\nDebian GNU/Linux 12 desk ttyS0\r\n\r\ndesk login: ' }, state: 'login-reached' },
  { name: 'a login prompt between escape sequences', seen: { serial: '\u001b[0;32m  OK\u001b[0m\r\n\u001b[2Jsrv-01.example.org login:' }, state: 'login-reached' },
  { name: 'a login prompt on the screen only', seen: { screens: ['', 'Debian GNU/Linux 12 desk tty1\n\ndesk login: _'] }, state: 'login-reached' },
  { name: 'a Windows lock screen', seen: { screens: ['Press Ctrl+Alt+Delete to unlock'] }, state: 'login-reached' },
  { name: 'a kernel that cannot mount its root', seen: { serial: 'Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)\n---[ end Kernel panic' }, state: 'kernel-panic' },
  { name: 'a panic that the emulator was told of', seen: { events: ['RESUME', 'GUEST_PANICKED'] }, state: 'kernel-panic' },
  { name: 'a panic after the login prompt', seen: { serial: 'desk login: \n[ 99.1] Kernel panic - not syncing: Attempted to kill init!' }, state: 'kernel-panic' },
  { name: 'a failed mount that the boot got over', seen: { serial: '[DEPEND] Dependency failed for Local File Systems.\n\ndesk login: ' }, state: 'login-reached' },
  { name: 'systemd in emergency mode', seen: { serial: 'You are in emergency mode. After logging in, type "journalctl -xb"\nGive root password for maintenance' }, state: 'emergency-shell' },
  { name: 'the shell of the initramfs', seen: { serial: 'ALERT!  UUID=1234 does not exist.  Dropping to a shell!\n(initramfs) ' }, state: 'emergency-shell' },
  { name: 'a missing kernel', seen: { serial: "error: file `/boot/vmlinuz-6.1.0-18-amd64' not found.\nerror: you need to load the kernel first.\n\nPress any key to continue..." }, state: 'boot-loader-stuck' },
  { name: 'the rescue shell of GRUB', seen: { screens: ['error: no such partition.\nEntering rescue mode...\ngrub rescue> _'] }, state: 'boot-loader-stuck' },
  { name: 'a disk without boot code', seen: { screens: ['Booting from Hard Disk...\nBoot failed: not a bootable disk\n\nNo bootable device.'] }, state: 'no-bootable-device' },
  { name: 'UEFI firmware without a loader', seen: { serial: 'BdsDxe: No bootable option or device was found.\nBdsDxe: Press any key to enter the Boot Manager Menu.' }, state: 'no-bootable-device' },
  { name: 'a blue screen', seen: { screens: ['Your PC ran into a problem and needs to restart.\nStop code: INACCESSIBLE_BOOT_DEVICE'] }, state: 'blue-screen' },
  { name: 'a loader that is not signed', seen: { serial: 'BdsDxe: failed to load Boot0001 "UEFI QEMU HARDDISK": Access Denied image' }, state: 'secure-boot-refused' },
  { name: 'an accelerator that broke', seen: { serial: 'GRUB loading.', emulatorErrors: 'KVM internal error. Suberror: 1\nemulation failure' }, state: 'accelerator-failed' },
  { name: 'nothing printed, disk read', seen: {}, state: 'blank' },
  { name: 'nothing printed, disk hardly read', seen: { diskReads: 1 }, state: 'no-bootable-device' },
  { name: 'a screen that means nothing to us', seen: { screens: ['Welcome to HaikuOS'] }, state: 'unknown' },
])('$name', ({ seen, state }) => {
  expect(classifyBoot(evidence(seen)).state).toBe(state);
});

test('only an arrival proves a boot, and a stuck loader is waited for', () => {
  const states: BootState[] = ['login-reached', 'desktop', 'boot-loader-stuck', 'no-bootable-device', 'kernel-panic', 'emergency-shell', 'blue-screen', 'secure-boot-refused', 'accelerator-failed', 'blank', 'unknown'];
  expect(states.filter(provesBoot)).toEqual(['login-reached', 'desktop']);
  expect(states.filter((state) => !isSettled(state))).toEqual(['boot-loader-stuck', 'blank', 'unknown']);
});

test('any text is judged, in bounded time', () => {
  fc.assert(fc.property(fc.string({ maxLength: 5000 }), fc.array(fc.string({ maxLength: 500 }), { maxLength: 3 }), (serial, screens) => {
    expect(classifyBoot(evidence({ serial, screens })).because.length).toBeLessThanOrEqual(200);
  }));
  const gigabyteLike = 'error: '.repeat(2_000_000);
  expect(classifyBoot(evidence({ serial: gigabyteLike })).state).toBe('unknown');
});
