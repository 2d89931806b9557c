import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { chmod, chown, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { GIB, KIB, seconds, type Clock } from '@lifeboat/model';
import { DrillToolMissing, GuestNotStarted } from '../errors.js';
import { baseOf, guestFiles, qemuArguments, type GuestPlan } from './guest-plan.js';
import { QmpClient } from './qmp-client.js';
import { SerialLog } from './serial-log.js';

const startMsMax = seconds(20);
const stopMsMax = seconds(5);
const watchMs = seconds(1);
const outputBytesMax = 64 * KIB;
/** What QEMU needs beside the guest's own memory: translated code, screen, caches. */
const overheadBytes = GIB;
/** An account without rights of its own, on every Linux. */
const nobody = 65_534;

/** What a guest may use; beyond it the guest is ended. `overlayBytesMax` bounds what it may write to all its disks together. */
export type GuestLimits = Readonly<{ lifeMsMax: number; overlayBytesMax: number }>;

/** Why a guest is gone. `exited` by itself, e.g. after a power-off. */
export type GuestEnd = Readonly<{ why: 'exited' | 'stopped' | 'time' | 'overlay' | 'memory'; exitCode: number | null }>;

/** A running guest. Whoever started it stops it; its limits hold without anybody's help. */
export class Guest {
  private stopping: GuestEnd['why'] | undefined;
  private readonly watch: NodeJS.Timeout;

  private constructor(
    private readonly child: ChildProcess,
    private readonly plan: GuestPlan,
    readonly qmp: QmpClient,
    readonly serial: SerialLog,
    private readonly output: () => string,
    /** Resolves when the process is gone. */
    readonly ended: Promise<GuestEnd>,
    limits: GuestLimits,
  ) {
    const deadline = setTimeout(() => { this.kill('time'); }, limits.lifeMsMax);
    this.watch = setInterval(() => { void this.enforce(limits); }, watchMs);
    void ended.then(() => { clearTimeout(deadline); });
  }

  /**
   * Makes the overlays and starts QEMU: without network, as nobody where root allows it, filtered, in a private directory.
   * @throws DrillToolMissing (DRILL_TOOL_MISSING), GuestNotStarted (GUEST_NOT_STARTED), GuestControlLost (GUEST_CONTROL_LOST).
   */
  static async start(plan: GuestPlan, limits: GuestLimits, clock: Clock): Promise<Guest> {
    await makeOverlays(plan);
    const { command, args } = await confined(plan, limits);
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], cwd: plan.runDir, env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' } });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => { if (output.length < outputBytesMax) output += bytes.toString('utf8'); });
    let why: () => GuestEnd['why'] = () => 'exited';
    const ended = new Promise<GuestEnd>((resolve) => {
      child.once('error', () => { resolve({ why: 'exited', exitCode: null }); });
      child.once('exit', (exitCode) => { resolve({ why: why(), exitCode }); });
    });
    try {
      const qmp = await connected(() => QmpClient.connect(join(plan.runDir, guestFiles.qmp), () => clock.nowMs()), { ended, output: () => output });
      const guest = new Guest(child, plan, qmp, SerialLog.connect(join(plan.runDir, guestFiles.serial)), () => output, ended, limits);
      why = () => guest.stopping ?? 'exited';
      return guest;
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
  }

  /** What QEMU itself wrote. */
  get emulatorErrors(): string {
    return this.output();
  }

  get memoryBytes(): number {
    return this.plan.memoryBytes;
  }

  /** Writes the screen as a PNG. The file is new: an old one cannot pass for a screen. @throws GuestControlLost (GUEST_CONTROL_LOST). */
  async screenshot(name: string): Promise<string> {
    const path = join(this.plan.runDir, name);
    await this.qmp.ask('screendump', { filename: path, format: 'png' });
    return path;
  }

  /** Read operations of the first disk so far; null when QEMU does not say. */
  async diskReads(): Promise<number | null> {
    const answer: unknown = await this.qmp.ask('query-blockstats').catch(() => null);
    const stats = Array.isArray(answer) ? (answer as { device?: string; stats?: { rd_operations?: number } }[]) : [];
    return stats.find(({ device }) => device === 'disk0')?.stats?.rd_operations ?? null;
  }

  /** Ends the guest: asks QEMU to quit, and kills it when it does not. Calling it again is fine. */
  async stop(): Promise<GuestEnd> {
    this.stopping ??= 'stopped';
    await this.qmp.ask('quit').catch(() => undefined);
    const isGone = await Promise.race([this.ended.then(() => true), wait(stopMsMax, false)]);
    if (!isGone) this.child.kill('SIGKILL');
    const end = await this.ended;
    clearInterval(this.watch);
    this.qmp.close();
    this.serial.close();
    return end;
  }

  private kill(why: GuestEnd['why']): void {
    this.stopping ??= why;
    clearInterval(this.watch);
    this.child.kill('SIGKILL');
  }

  private async enforce({ overlayBytesMax }: GuestLimits): Promise<void> {
    const sizes = await Promise.all(this.plan.disks.map((_, disk) => stat(join(this.plan.runDir, guestFiles.overlay(disk))).then(({ blocks }) => blocks * 512, () => 0)));
    if (sizes.reduce((sum, bytes) => sum + bytes, 0) > overlayBytesMax) this.kill('overlay');
    if ((await residentBytes(this.child.pid)) > this.plan.memoryBytes + overheadBytes) this.kill('memory');
  }
}

async function makeOverlays(plan: GuestPlan): Promise<void> {
  await chmod(plan.runDir, 0o700);
  for (const [disk, base] of plan.disks.entries()) {
    const { file, format } = baseOf(base);
    await runTool('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', file, '-F', format, join(plan.runDir, guestFiles.overlay(disk))], 'qemu-utils');
  }
}

/** The command line with what confines it: no network namespace but an empty one, no account of its own, no file longer than allowed. */
async function confined(plan: GuestPlan, limits: GuestLimits): Promise<{ command: string; args: string[] }> {
  const qemu = ['qemu-system-x86_64', ...qemuArguments(plan)];
  const bounded = ['prlimit', `--fsize=${String(limits.overlayBytesMax + overheadBytes)}`, '--core=0', '--nofile=256', 'nice', '-n', '10'];
  if (process.getuid?.() !== 0) return split([...bounded, ...qemu]);
  for (const name of [...plan.disks.map((_, disk) => guestFiles.overlay(disk)), '.']) await chown(join(plan.runDir, name), nobody, nobody);
  if (plan.uefi) await chown(plan.uefi.varsPath, nobody, nobody);
  const ids = [`--reuid=${String(nobody)}`, `--regid=${String(nobody)}`];
  // The device of the accelerator belongs to a group; without it the guest could only be emulated.
  const groups = plan.accelerator === 'kvm' ? [`--groups=${String((await stat('/dev/kvm')).gid)}`] : ['--clear-groups'];
  return split(['unshare', '--net', '--ipc', ...bounded, 'setpriv', ...ids, ...groups, '--no-new-privs', '--inh-caps=-all', ...qemu]);
}

function split([command = '', ...args]: readonly string[]): { command: string; args: string[] } {
  return { command, args };
}

async function connected<T>(connect: () => Promise<T>, guest: Readonly<{ ended: Promise<GuestEnd>; output: () => string }>): Promise<T> {
  const deadline = performance.now() + startMsMax;
  for (;;) {
    try {
      return await connect();
    } catch (error) {
      const end = await Promise.race([guest.ended, wait(100, undefined)]);
      if (end || performance.now() > deadline) throw new GuestNotStarted({ exitCode: end?.exitCode ?? null, output: guest.output().slice(0, 2000) }, error);
    }
  }
}

async function runTool(program: string, args: readonly string[], debianPackage: string): Promise<void> {
  try {
    await promisify(execFile)(program, args, { timeout: startMsMax });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') throw new DrillToolMissing({ program, package: debianPackage });
    throw new GuestNotStarted({ exitCode: null, output: error instanceof Error ? error.message.slice(0, 2000) : String(error) }, error);
  }
}

async function residentBytes(pid: number | undefined): Promise<number> {
  const text = await readFile(`/proc/${String(pid)}/status`, 'utf8').catch(() => '');
  return Number(/VmRSS:\s+(\d+) kB/.exec(text)?.[1] ?? 0) * KIB;
}
