import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { seconds, type Clock } from '@lifeboat/model';
import { classifyBoot, isSettled, type BootEvidence, type BootJudgement } from '@lifeboat/drills';
import { Guest, type GuestEnd, type GuestLimits } from '../guest/start-guest.js';
import type { Accelerator, DiskBus, Firmware, GuestDisk } from '../guest/guest-plan.js';
import { uefiFirmware } from '../guest/firmware.js';
import type { ReadScreen } from './read-screen.js';

const lookMs = seconds(0.5);
/** After a guest has arrived or failed, its screen is given time to be drawn. */
const lingerMs = seconds(2);
const screenshotsMax = 60;

/** A boot as it is wanted. `runDir` is private to it and made anew; `budgetMs` is how long the guest has to arrive. */
export type BootTask = Readonly<{
  runDir: string; disks: readonly GuestDisk[]; firmware: Firmware; bus: DiskBus; accelerator: Accelerator; memoryBytes: number; budgetMs: number; overlayBytesMax: number; screenshotEveryMs: number;
  readScreen: ReadScreen; clock: Clock; signal: AbortSignal;
  /** Called with the guest once it has arrived, before it is stopped. */
  onArrived?: (guest: Guest) => Promise<void>;
}>;

/** A picture of the screen: file in `runDir`, milliseconds after power-on, and what was read off it (null when nobody looked). */
export type Screenshot = Readonly<{ file: string; afterMs: number; text: string | null }>;

/** What a boot came to, with everything it was judged by. `arrivedAfterMs` is null unless the guest arrived. */
export type BootReport = Readonly<{
  judgement: BootJudgement; end: GuestEnd; arrivedAfterMs: number | null; durationMs: number; screenshots: readonly Screenshot[]; serial: string; serialBytes: number;
  events: readonly Readonly<{ name: string; afterMs: number }>[]; emulatorErrors: string; diskReads: number | null; firmware: Firmware; bus: DiskBus; accelerator: Accelerator;
}>;

/**
 * Starts a machine from its disks and watches until it has arrived, failed for good, or its time is over. The disks are never written.
 * @throws DrillToolMissing, GuestNotStarted, GuestControlLost; the signal's reason. The guest is gone whatever happens.
 */
export async function bootDisk(task: BootTask): Promise<BootReport> {
  await mkdir(task.runDir, { recursive: true, mode: 0o700 });
  const uefi = task.firmware === 'uefi' ? await uefiFirmware() : null;
  const varsPath = join(task.runDir, 'firmware-variables.fd');
  if (uefi) await copyFile(uefi.varsTemplatePath, varsPath);
  const limits: GuestLimits = { lifeMsMax: task.budgetMs + seconds(30), overlayBytesMax: task.overlayBytesMax };
  const guest = await Guest.start(
    { runDir: task.runDir, accelerator: task.accelerator, firmware: task.firmware, bus: task.bus, memoryBytes: task.memoryBytes, disks: task.disks, uefi: uefi ? { codePath: uefi.codePath, varsPath } : null, kernel: null },
    limits, task.clock,
  );
  try {
    return await new BootWatch(task, guest).run();
  } finally {
    await guest.stop();
  }
}

class BootWatch {
  private readonly startedMs: number;
  private readonly startedAtMs: number;
  private readonly screenshots: Screenshot[] = [];
  private lastShotMs = 0;
  private diskReads: number | null = null;
  private end: GuestEnd | undefined;

  constructor(private readonly task: BootTask, private readonly guest: Guest) {
    this.startedMs = task.clock.monotonicMs();
    this.startedAtMs = task.clock.nowMs();
    void guest.ended.then((end) => { this.end = end; });
  }

  async run(): Promise<BootReport> {
    let judgement = this.judge();
    while (!isSettled(judgement.state) && !this.end && this.elapsedMs < this.task.budgetMs) {
      await this.task.clock.sleep(lookMs, this.task.signal);
      this.task.signal.throwIfAborted();
      if (this.elapsedMs - this.lastShotMs >= this.task.screenshotEveryMs) await this.shoot();
      judgement = this.judge();
    }
    const settledAfterMs = this.elapsedMs;
    if (!this.end) await this.lookOnceMore();
    judgement = this.judge();
    const arrived = judgement.state === 'login-reached' || judgement.state === 'desktop';
    if (arrived && !this.end) await this.task.onArrived?.(this.guest);
    const end = await this.guest.stop();
    const { task, guest } = this;
    return {
      judgement, end: this.end ?? end, arrivedAfterMs: arrived ? settledAfterMs : null, durationMs: this.elapsedMs, screenshots: this.screenshots, serial: guest.serial.text, serialBytes: guest.serial.totalBytes,
      events: guest.qmp.events.map(({ name, atMs }) => ({ name, afterMs: Math.max(0, atMs - this.startedAtMs) })), emulatorErrors: guest.emulatorErrors, diskReads: this.diskReads,
      firmware: task.firmware, bus: task.bus, accelerator: task.accelerator,
    };
  }

  private get elapsedMs(): number {
    return Math.round(this.task.clock.monotonicMs() - this.startedMs);
  }

  /** The last look, with the screen read off: a guest without serial console speaks there only. */
  private async lookOnceMore(): Promise<void> {
    await this.task.clock.sleep(lingerMs, this.task.signal);
    await this.shoot();
    this.diskReads = await this.guest.diskReads();
  }

  /** A guest that breaks while its picture is taken has shown what it had; the loop sees its end. */
  private async shoot(): Promise<void> {
    this.lastShotMs = this.elapsedMs;
    if (this.screenshots.length >= screenshotsMax) return;
    const file = `screen-${String(this.screenshots.length + 1).padStart(3, '0')}.png`;
    const path = await this.guest.screenshot(file).catch(() => undefined);
    if (path === undefined) return;
    // Reading a screen costs a second of a processor: only where the serial console says nothing.
    const text = this.guest.serial.totalBytes > 0 && !isSilentLately(this.guest.serial.text) ? null : await this.task.readScreen(path);
    this.screenshots.push({ file, afterMs: this.lastShotMs, text });
  }

  private judge(): BootJudgement {
    const evidence: BootEvidence = {
      serial: this.guest.serial.text, screens: this.screenshots.flatMap(({ text }) => text ?? []), events: this.guest.qmp.events.map(({ name }) => name), emulatorErrors: this.guest.emulatorErrors, diskReads: this.diskReads,
    };
    return classifyBoot(evidence);
  }
}

/** Firmware and boot loaders print a little on the serial port even of machines whose system does not use it. */
function isSilentLately(serial: string): boolean {
  return !/Linux version|login:|\[\s+\d+\.\d+\]/.test(serial);
}
