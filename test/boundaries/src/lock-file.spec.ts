import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../../..');

test('package-lock.json names every optional platform build, so that `npm ci` accepts it', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'lock-'));
  const copy = path.join(folder, 'package-lock.json');
  fs.copyFileSync(path.join(root, 'package-lock.json'), copy);
  const printed = execFileSync(process.execPath, [path.join(root, 'tools/complete-lock.mjs'), copy], { encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '' } });
  fs.rmSync(folder, { recursive: true });
  expect(printed.split('\n')[0]).toBe('added 0');
});

test('package-lock.json names no registry host', () => {
  const lock = JSON.parse(fs.readFileSync(path.join(root, 'package-lock.json'), 'utf8')) as { packages: Record<string, { resolved?: string }> };
  expect(Object.values(lock.packages).filter((entry) => entry.resolved?.startsWith('http'))).toEqual([]);
});
