import { KIB, MIB } from '@lifeboat/model';
import { readDiskLayout } from '@lifeboat/block-device';
import { MemoryBlockDevice, runTool, temporaryDirectory } from '@lifeboat/block-device/testing';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MemoryDisk } from './memory-point.js';

/** Size of the sample disk. */
export const sampleDiskBytes = 48 * MIB;

/** A disk with a GPT made by sfdisk: partition 1 of 8 MiB, partition 2 of 30 MiB; both half filled, with boot code and bytes in the gap. */
export async function makeSampleDisk(diskId = 'sda', seed = 1): Promise<MemoryDisk> {
  const directory = temporaryDirectory();
  try {
    const path = join(directory.path, 'disk.img');
    writeFileSync(path, new Uint8Array(sampleDiskBytes));
    runTool('sfdisk', ['--quiet', path], 'label: gpt\nstart=2048, size=16384, type=U, name=boot\nstart=18432, size=61440, type=L, name=root\n');
    const bytes = new Uint8Array(readFileSync(path));
    noise(bytes.subarray(0, 440), seed);
    noise(bytes.subarray(512 * KIB, 512 * KIB + 3000), seed + 1);
    noise(bytes.subarray(MIB, 5 * MIB), seed + 2);
    noise(bytes.subarray(9 * MIB + 1000, 20 * MIB - 77), seed + 3);
    bytes.fill(0x61, 30 * MIB, 31 * MIB);
    return { diskId, bytes, layout: await readDiskLayout(MemoryBlockDevice.of(bytes)), unallocated: [{ offsetBytes: 32 * MIB, lengthBytes: 2 * MIB }] };
  } finally {
    directory.remove();
  }
}

/** Fills `target` with bytes that do not compress, the same for the same seed. */
function noise(target: Uint8Array, seed: number): void {
  let state = (seed * 2_654_435_761) >>> 0 || 1;
  for (let at = 0; at < target.length; at += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    target[at] = state & 0xff;
  }
}
