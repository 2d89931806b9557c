/** What a booting guest was seen to reach. Only the first two prove a boot. */
export type BootState =
  | 'login-reached' | 'desktop' | 'boot-loader-stuck' | 'no-bootable-device' | 'kernel-panic' | 'emergency-shell' | 'blue-screen' | 'secure-boot-refused' | 'accelerator-failed' | 'blank' | 'unknown';

/** What there is to judge a boot by. Texts may be long, cut and full of escape sequences; they are somebody else's. */
export type BootEvidence = Readonly<{
  /** Everything the guest wrote to its serial port. */
  serial: string;
  /** Text read off the screen, newest screenshot last. */
  screens: readonly string[];
  /** Names of QMP events in order. */
  events: readonly string[];
  /** What the emulator itself wrote to stderr. */
  emulatorErrors: string;
  /** Bytes the guest read from its disk; a guest that read next to nothing found nothing to boot. */
  diskReads: number | null;
}>;

export type BootJudgement = Readonly<{ state: BootState; /** The words that decided, at most 200 characters. */ because: string; /** 0..1 */ confidence: number }>;

type Rule = Readonly<{ state: BootState; pattern: RegExp; confidence: number }>;

/** Failures first: a kernel that panics has often printed half a login banner of the initramfs before. Patterns as firmware, loaders and kernels print them. */
const rules: readonly Rule[] = [
  { state: 'kernel-panic', pattern: /kernel panic - not syncing[^\n]{0,120}/i, confidence: 1 },
  { state: 'kernel-panic', pattern: /---\[ end kernel panic/i, confidence: 1 },
  { state: 'kernel-panic', pattern: /unable to mount root fs/i, confidence: 0.95 },
  { state: 'blue-screen', pattern: /your (pc|device) ran into a problem|stop code:?|INACCESSIBLE_BOOT_DEVICE|\*\*\* STOP: 0x[0-9a-f]{8}/i, confidence: 0.95 },
  { state: 'secure-boot-refused', pattern: /security violation|access denied[^\n]{0,40}(image|boot)|verification failed: \(0x1a\)/i, confidence: 0.95 },
  { state: 'emergency-shell', pattern: /you are in (emergency|rescue) mode|give root password for maintenance|cannot open access to console, the root account is locked/i, confidence: 1 },
  { state: 'emergency-shell', pattern: /dropping to a shell|\(initramfs\)\s|ALERT!\s+\S{1,80} does not exist/i, confidence: 0.95 },
  { state: 'emergency-shell', pattern: /dependency failed for [^\n]{0,60}(file system|local file systems|\/)/i, confidence: 0.7 },
  { state: 'boot-loader-stuck', pattern: /grub rescue>|error: [^\n]{0,80}(not found|no such (device|partition)|unknown filesystem)[^\n]{0,40}|you need to load the kernel first/i, confidence: 0.95 },
  { state: 'boot-loader-stuck', pattern: /minimal bash-like line editing|^\s*grub>\s*$/im, confidence: 0.9 },
  { state: 'no-bootable-device', pattern: /no bootable device|boot failed: not a bootable disk|no bootable option or device was found|operating system not found|missing operating system|BOOTMGR is missing/i, confidence: 1 },
];
const arrivals: readonly Rule[] = [
  { state: 'login-reached', pattern: /(^|\n|\r)[\w.-]{1,64} login: ?/i, confidence: 1 },
  { state: 'login-reached', pattern: /press ctrl\s*\+?\s*alt\s*\+?\s*del(ete)? to (unlock|sign in)|sign-?in options/i, confidence: 0.9 },
  { state: 'desktop', pattern: /\b(recycle bin|activities|trash|applications)\b[^]*\b\d{1,2}:\d{2}\b/i, confidence: 0.6 },
];
/** Longest piece of a text that is looked at, from its end: what came last counts, and a guest may print gigabytes. */
const textMax = 256 * 1024;
/** A guest that read less than this from its disk found no boot code on it. */
const bootReadsMin = 16;

/**
 * Judges a boot by what the guest printed, what stood on its screen and what the emulator said. An arrival counts unless a failure came after it; among failures the
 * earliest rule wins. Pure; cost linear in the last 256 KiB of each text.
 */
export function classifyBoot(evidence: BootEvidence): BootJudgement {
  if (/KVM internal error|failed to initialize kvm|could not access KVM/i.test(evidence.emulatorErrors)) return judgement('accelerator-failed', evidence.emulatorErrors.trim().slice(0, 200), 1);
  if (evidence.events.includes('GUEST_PANICKED')) return judgement('kernel-panic', 'the guest reported a panic', 1);
  const serial = plain(evidence.serial);
  const newest = plain(evidence.screens.at(-1) ?? '');
  const byText = judgeText(serial) ?? judgeText(newest);
  if (byText) return byText;
  if (serial.trim() === '' && newest.trim() === '') {
    const readNothing = evidence.diskReads !== null && evidence.diskReads < bootReadsMin;
    return readNothing ? judgement('no-bootable-device', 'the guest read almost nothing of its disk and printed nothing', 0.7) : judgement('blank', 'nothing was printed and nothing is on the screen', 0.5);
  }
  return judgement('unknown', (newest.trim() || serial.trim()).slice(-200), 0.3);
}

/** True when the guest has arrived or failed for good, so that nobody needs to wait any longer. */
export function isSettled(state: BootState): boolean {
  return state !== 'blank' && state !== 'unknown' && state !== 'boot-loader-stuck';
}

/** True for what proves that the machine boots. */
export const provesBoot = (state: BootState): boolean => state === 'login-reached' || state === 'desktop';

function judgeText(text: string): BootJudgement | undefined {
  const arrived = lastOf(arrivals, text);
  const failed = lastOf(rules, text);
  if (arrived && (!failed || failed.at < arrived.at)) return arrived.judgement;
  return failed?.judgement;
}

/** The match that stands furthest back in the text; of several at one place the first rule. */
function lastOf(list: readonly Rule[], text: string): { at: number; judgement: BootJudgement } | undefined {
  let found: { at: number; judgement: BootJudgement } | undefined;
  for (const { state, pattern, confidence } of list) {
    const all = text.matchAll(new RegExp(pattern.source, pattern.flags.includes('g') ? pattern.flags : `${pattern.flags}g`));
    for (const match of all) if (!found || match.index > found.at) found = { at: match.index, judgement: judgement(state, match[0].trim().slice(0, 200), confidence) };
  }
  return found;
}

function judgement(state: BootState, because: string, confidence: number): BootJudgement {
  return { state, because, confidence };
}

/** The end of a text without terminal escape sequences and control characters other than line ends. */
function plain(text: string): string {
  return text.slice(-textMax).replace(/\u001b\[[0-9;?]*[ -/]*[@-~]|\u001b[()][A-Za-z0-9]|\u001b[=>]/g, '').replace(/[\u0000-\u0008\u000b-\u001f]/g, '\n');
}
