import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Runs a system tool that makes or judges disks and returns its standard output; a failing tool fails the test. */
export function runTool(command: string, args: readonly string[], input = ''): string {
  const path = '/usr/sbin:/sbin:/usr/bin:/bin';
  return execFileSync(command, args, {
    input, encoding: 'utf8', maxBuffer: 512 * 1024 * 1024, stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: path, LC_ALL: 'C', MTOOLS_SKIP_CHECK: '1' },
  });
}

/** A directory of the test's own, with a function that removes it. */
export function temporaryDirectory(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'lifeboat-test-'));
  return {
    path,
    remove: () => {
      rmSync(path, { recursive: true, force: true });
    },
  };
}

/** Attaches `imagePath` to a loop device and returns its path with a function that detaches it. Needs root. */
export function attachLoop(imagePath: string, options: readonly string[] = []): { path: string; detach: () => void } {
  const path = runTool('losetup', ['--find', '--show', ...options, imagePath]).trim();
  return { path, detach: () => void runTool('losetup', ['--detach', path]) };
}
