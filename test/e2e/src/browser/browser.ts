import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, type Page, chromium } from 'playwright-core';

const workspace = path.resolve(import.meta.dirname, '../../../..');

/** Builds the dashboard afresh into a directory of its own, which the caller removes. */
export function buildDashboard(): string {
  const out = fs.mkdtempSync(path.join(os.tmpdir(), 'lifeboat-dashboard-'));
  const project = path.join(workspace, 'apps/dashboard');
  const vite = [path.join(project, 'node_modules/vite/bin/vite.js'), path.join(workspace, 'node_modules/vite/bin/vite.js')].find((file) => fs.existsSync(file)) ?? 'vite';
  execFileSync(process.execPath, [vite, 'build', '--outDir', out, '--emptyOutDir', '--logLevel', 'error'], { cwd: project, stdio: 'inherit', env: { ...process.env, NODE_ENV: 'production' } });
  return out;
}

/** Starts the system's Chromium without a window. */
export function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium', args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] });
}

export type Look = Readonly<{ scheme: 'light' | 'dark'; width?: number; height?: number }>;

/** A fresh page of its own session. `problems` gathers everything the browser complains of: script errors, console errors, broken security rules. */
export async function openPage(browser: Browser, look: Look): Promise<{ page: Page; problems: string[] }> {
  const context = await browser.newContext({ colorScheme: look.scheme, viewport: { width: look.width ?? 1440, height: look.height ?? 900 }, reducedMotion: 'reduce' });
  const page = await context.newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(String(error)));
  // A refused request is part of several tests; the page's own text tells it.
  page.on('console', (message) => { if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) problems.push(message.text()); });
  return { page, problems };
}

/** What axe finds wrong by WCAG 2.2 A and AA, one line each. Of a long list only the first rows are looked at, as the others are made alike. */
export async function findAxeViolations(page: Page): Promise<string[]> {
  const found = await new AxeBuilder({ page }).exclude('tbody tr:nth-child(n+12)').withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']).analyze();
  return found.violations.flatMap((violation) => violation.nodes.map((node) => `${violation.id}: ${node.target.join(' ')} – ${node.failureSummary ?? violation.help}`));
}

/** How many pixels the page is wider than the window: anything above zero means scrolling sideways. */
export function overflowOf(page: Page): Promise<number> {
  return page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
}

/** Keeps a picture when `LIFEBOAT_SCREENSHOTS` names a directory. */
export async function keepPicture(page: Page, name: string): Promise<void> {
  const directory = process.env['LIFEBOAT_SCREENSHOTS'];
  if (directory === undefined) return;
  fs.mkdirSync(directory, { recursive: true });
  await page.screenshot({ path: path.join(directory, `${name}.png`), fullPage: true });
}
