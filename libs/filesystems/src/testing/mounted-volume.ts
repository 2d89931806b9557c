import { mkdirSync, mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runTool } from '@lifeboat/block-device/testing';

/** Mounts the image on a directory of its own while `work` runs. Needs root. `command` is the program that mounts, with its options. */
export function whileMounted<T>(image: string, work: (root: string) => T, command: readonly string[] = ['mount', '-o', 'loop']): T {
  const root = mkdtempSync(join(tmpdir(), 'lifeboat-mount-'));
  const [program, ...options] = command;
  runTool(program ?? 'mount', [...options, image, root]);
  try {
    return work(root);
  } finally {
    runTool('umount', [root]);
    rmdirSync(root);
  }
}

/** How ntfs-3g, a user-space driver, mounts an image. */
export const ntfsMount = ['ntfs-3g', '-o', 'compression,streams_interface=windows,big_writes'] as const;

/** Creates the directory and returns its path. */
export function madeDirectory(...parts: readonly string[]): string {
  const path = join(...parts);
  mkdirSync(path, { recursive: true });
  return path;
}
