import type { ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import type { Browser } from 'playwright-core';
import { findAxeViolations, keepPicture, openBrowser, openPage } from './browser/browser.js';
import { DiskImage } from './support/disk-image.js';
import { Installation } from './support/installation.js';
import { tool } from './support/programs.js';

/** The dashboard as the real server serves it, with a real agent at work behind it. */
describe('the dashboard of a running installation', () => {
  let lifeboat: Installation;
  let browser: Browser;
  let agent: ChildProcess;

  beforeAll(async () => {
    lifeboat = await Installation.start();
    browser = await openBrowser();
    const disk = new DiskImage(path.join(lifeboat.folder, 'ws.img'), 700);
    disk.withMount((folder) => tool('dd', 'if=/dev/urandom', `of=${path.join(folder, 'noise.bin')}`, 'bs=1M', 'count=500', 'status=none'));
    await lifeboat.enrol('WS-042', disk.file);
    agent = lifeboat.startAgent('WS-042', 'run');
  });
  afterAll(async () => {
    const gone = new Promise((resolve) => agent.once('exit', resolve));
    agent.kill('SIGTERM');
    await gone;
    await browser.close();
    await lifeboat.remove();
  });

  test.each(['light', 'dark'] as const)('shows a backup live, from the button to the restore point (%s)', async (scheme) => {
    const { page, problems } = await openPage(browser, { scheme });
    await page.goto(lifeboat.url);
    await page.getByLabel('Admin secret').fill(lifeboat.token);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByText('Online').first().waitFor();
    expect(await findAxeViolations(page)).toEqual([]);
    await keepPicture(page, `live-fleet-${scheme}`);
    await page.getByRole('link', { name: 'WS-042' }).first().click();
    await page.getByRole('button', { name: scheme === 'light' ? 'Back up now' : 'Full backup' }).click();
    await page.getByRole('link', { name: 'Jobs' }).click();
    for (const counter of ['read from disk', 'changed', 'sent', 'stored']) await page.getByText(new RegExp(counter, 'i')).first().waitFor();
    expect(await findAxeViolations(page)).toEqual([]);
    await keepPicture(page, `live-jobs-${scheme}`);
    await page.getByText(/done/i).nth(scheme === 'light' ? 0 : 1).waitFor({ timeout: 120_000 });
    await page.getByRole('link', { name: 'WS-042' }).first().click();
    await page.getByRole('heading', { name: 'Selected point' }).waitFor();
    expect(await findAxeViolations(page)).toEqual([]);
    await keepPicture(page, `live-machine-${scheme}`);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test('says the same as the command line', async () => {
    const versions = (await lifeboat.admin('get', 'versions', 'WS-042', '--json')).json['versions'] as { kind: string }[];
    expect(versions.map((version) => version.kind).sort()).toEqual(['full', 'incremental']);
  });

  test('keeps nothing of the secret in the server’s log', () => {
    expect(lifeboat.serverLog.includes(lifeboat.token)).toBe(false);
    expect(fs.existsSync(path.join(lifeboat.dataFolder, 'first-run.json'))).toBe(true);
  });
});
