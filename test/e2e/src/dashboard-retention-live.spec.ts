import path from 'node:path';
import { defaultStoreSettings } from '@lifeboat/model';
import type { Browser, Page } from 'playwright-core';
import { findAxeViolations, keepPicture, openBrowser, openPage } from './browser/browser.js';
import { Installation } from './support/installation.js';
import { tool } from './support/programs.js';

const MIB = 1024 ** 2;
const points = 6;

type Version = Readonly<{ id: string; deleted?: object | null }>;

/** The simulator on the real server: what the page shows is what goes. */
describe('the simulator of a running installation', () => {
  let lifeboat: Installation;
  let browser: Browser;
  let page: Page;

  const alive = async (): Promise<string[]> => ((await lifeboat.admin('get', 'versions', 'WS-1', '--json')).json['versions'] as Version[]).filter((version) => !version.deleted).map(({ id }) => id);
  const shown = (): Promise<string[]> => page.locator('tr[data-point]').evaluateAll((rows: { getAttribute: (name: string) => string | null }[]) => rows.map((row) => row.getAttribute('data-point') ?? ''));

  beforeAll(async () => {
    lifeboat = await Installation.start({ LIFEBOAT_QUOTA: String(320 * MIB) });
    browser = await openBrowser();
    // So that nothing waits for a second operator: the points of this test are minutes old.
    const settings = { ...defaultStoreSettings, deletionCaps: { machinePercent: 100, storePercent: 100, youngMs: 0 } };
    const set = await fetch(`${lifeboat.url}/api/v1/retention/settings`, { method: 'PUT', headers: { authorization: `Bearer ${lifeboat.token}`, 'content-type': 'application/json' }, body: JSON.stringify({ settings }) });
    expect(set.status).toBe(200);
    const disk = path.join(lifeboat.folder, 'ws.img');
    tool('dd', 'if=/dev/urandom', `of=${disk}`, 'bs=1M', 'count=24', 'status=none');
    await lifeboat.enrol('WS-1', disk);
    for (let point = 0; point < points; point += 1) {
      tool('dd', 'if=/dev/urandom', `of=${disk}`, 'bs=1M', 'count=12', 'seek=6', 'conv=notrunc', 'status=none');
      expect((await lifeboat.agent('WS-1', 'start', 'backup', '--json')).code).toBe(0);
    }
    ({ page } = await openPage(browser, { scheme: 'light' }));
    await page.goto(`${lifeboat.url}/storage/simulate`);
    await page.getByLabel('Admin secret').fill(lifeboat.token);
    await page.getByRole('button', { name: 'Log in' }).click();
  });
  afterAll(async () => {
    await browser.close();
    await lifeboat.remove();
  });

  test('a moved slider changes the plan, each point says why it goes, and applying deletes exactly those', async () => {
    await page.getByText('No point goes').first().waitFor();
    expect(await shown()).toEqual([]);
    await page.getByRole('slider', { name: 'Free-space floor' }).focus();
    await page.keyboard.press('End');
    await page.locator('tr[data-point]').first().waitFor();
    await page.locator('[aria-busy="false"]').first().waitFor();
    const going = await shown();
    const why = await page.locator('tr[data-point] [data-label="Why"]').allInnerTexts();
    expect(going.length).toBeGreaterThanOrEqual(2);
    for (const reason of why) expect(reason).toMatch(/^pressure: .*WS-1/);
    await page.getByText('Guard rails hit').waitFor();
    expect(await findAxeViolations(page)).toEqual([]);
    await keepPicture(page, 'live-simulate');
    const before = await alive();
    expect(before).toHaveLength(points);

    await page.getByRole('button', { name: 'Apply…' }).click();
    await page.getByRole('button', { name: 'Save and run this plan' }).click();
    await page.getByText(/^(Started: exactly what was shown|Retention is running already)/).waitFor();
    await page.getByText('Retention is not running').waitFor();
    await page.getByText(/done: \d+ marked/).waitFor();
    const left = before.filter((id) => !going.includes(id));
    expect((await alive()).sort()).toEqual(left.sort());
    await keepPicture(page, 'live-applied');
  });

  test('the pages of the store show the real one', async () => {
    await page.getByRole('link', { name: 'Storage', exact: true }).click();
    await page.getByText(/on \/.* \(.+\), 320 MiB by its quota/).waitFor();
    await page.getByRole('heading', { name: 'Next to go' }).waitFor();
    expect(await findAxeViolations(page)).toEqual([]);
    await keepPicture(page, 'live-storage');
    await page.getByRole('link', { name: 'Policies', exact: true }).first().click();
    await page.getByText('Keeps everything while there is room', { exact: false }).first().waitFor();
    expect(await findAxeViolations(page)).toEqual([]);
  });
});
