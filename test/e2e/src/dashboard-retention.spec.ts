import fs from 'node:fs';
import { jest } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { type Look, buildDashboard, findAxeViolations, keepPicture, openBrowser, openPage, overflowOf } from './browser/browser.js';
import { idOf, sampleFleet, sampleVersions } from './browser/sample-fleet.js';
import { sampleRetention } from './browser/sample-retention.js';
import { StubServer } from './browser/stub-server.js';

jest.setTimeout(120_000);

let files: string;
let browser: Browser;
let server: StubServer;

beforeAll(async () => {
  files = buildDashboard();
  browser = await openBrowser();
});

afterAll(async () => {
  await browser.close();
  fs.rmSync(files, { recursive: true, force: true });
});

beforeEach(async () => {
  server = await StubServer.start(files);
  server.computers = sampleFleet(6, Date.now());
  server.retention = sampleRetention(server.computers, Date.now());
  server.versions = sampleVersions(60, Date.now());
});
afterEach(async () => {
  await Promise.all(browser.contexts().map((context) => context.close()));
  await server.stop();
});

async function logIn(look: Look, to: string): Promise<{ page: Page; problems: string[] }> {
  const opened = await openPage(browser, look);
  await opened.page.goto(server.url + to);
  await opened.page.getByLabel('Admin secret', { exact: true }).fill(server.secret);
  await opened.page.getByRole('button', { name: 'Log in' }).click();
  await opened.page.getByRole('navigation', { name: 'Main' }).waitFor();
  return opened;
}

/** What the page sent to a path, oldest first. */
const sentTo = (path: string): unknown[] => server.received.filter((line) => line.split(' ')[1] === path).map((line) => JSON.parse(line.split(' ').slice(2).join(' ')) as unknown);

describe.each(['light', 'dark'] as const)('%s', (scheme) => {
  test('storage tells what room is left, what goes next and why, and what waits for somebody', async () => {
    const { page, problems } = await logIn({ scheme }, '/storage');
    await page.getByText('on /srv (/dev/md0), 40 TiB').waitFor();
    await page.getByText('dedup 3.1× (used bytes of all points ÷ bytes kept once)', { exact: false }).waitFor();
    const next = page.getByRole('table', { name: 'Points that go next' });
    await next.getByText('pressure: densest region of WS-001, which is 3.1 times over its fair share').waitFor();
    await page.getByText('Last month’s forecast was 6 % low').waitFor();
    await page.getByText('/home/anna/pictures', { exact: false }).waitFor();
    await keepPicture(page, `storage-${scheme}`);
    expect(await findAxeViolations(page)).toEqual([]);
    expect(problems).toEqual([]);
  });

  test('policies show what is in force with its origin', async () => {
    const { page, problems } = await logIn({ scheme }, '/policies');
    await page.getByText('Rules combine by OR', { exact: false }).waitFor();
    await page.getByRole('button', { name: /^Where from of WS-001/ }).click();
    await page.getByRole('row', { name: /one a day/ }).getByText('this machine').waitFor();
    await keepPicture(page, `policies-${scheme}`);
    expect(await findAxeViolations(page)).toEqual([]);
    expect(problems).toEqual([]);
  });

  test('the simulator', async () => {
    const { page, problems } = await logIn({ scheme }, '/storage/simulate');
    await page.getByText('3 points go, 1 of them after a second operator or 24 hours').first().waitFor();
    await page.getByLabel('Another policy for').selectOption({ label: 'Default of all machines' });
    await page.getByText('Today’s policy vs draft: 2 more deleted, 0 kept', { exact: false }).first().waitFor();
    await keepPicture(page, `simulate-${scheme}`);
    expect(await findAxeViolations(page)).toEqual([]);
    expect(problems).toEqual([]);
  });
});

test('a slider moved by keys changes the list, and applying saves what was confirmed and runs that plan', async () => {
  const { page } = await logIn({ scheme: 'light' }, '/storage/simulate');
  const rows = page.locator('tr[data-point]');
  await page.getByText('3 points go', { exact: false }).first().waitFor();
  expect(await rows.count()).toBe(3);
  await page.getByRole('slider', { name: 'Free-space floor' }).focus();
  for (let step = 0; step < 4; step += 1) await page.keyboard.press('ArrowRight');
  await page.getByText('7 points go', { exact: false }).first().waitFor();
  expect(await rows.count()).toBe(7);
  await page.waitForURL(/floor=19/);
  await page.getByRole('button', { name: 'Apply…' }).click();
  await page.getByRole('dialog').getByText('Saved as floor: points are thinned below 19 % free, until 24 % are free.').waitFor();
  await page.getByRole('region', { name: 'Points that would go' }).waitFor();
  expect(await findAxeViolations(page)).toEqual([]);
  await keepPicture(page, 'simulate-apply');
  expect(sentTo('/api/v1/retention/run')).toEqual([]);
  await page.getByRole('button', { name: 'Save and run this plan' }).click();
  await page.getByText('Started: exactly what was shown is carried out.').waitFor();
  expect(sentTo('/api/v1/retention/settings')).toMatchObject([{ settings: { yellowFreePercent: 19, greenFreePercent: 24, orangeFreePercent: 8 }, confirm: 'c'.repeat(64) }]);
  expect(sentTo('/api/v1/retention/run')).toEqual([{ planHash: '7'.padStart(64, '9') }]);
});

test('a policy is saved after its blast radius was seen, and rolled back the same way', async () => {
  const { page } = await logIn({ scheme: 'light' }, '/policies');
  await page.getByRole('button', { name: /^Change… the default/ }).click();
  await page.getByRole('button', { name: 'server', exact: true }).click();
  await page.getByLabel('Keep one a day, for … days').fill('99999');
  await page.getByRole('button', { name: 'Show what changes' }).click();
  await page.getByText('A whole number between 0 and 10000.').waitFor();
  await page.getByLabel('Keep one a day, for … days').fill('30');
  expect(await findAxeViolations(page)).toEqual([]);
  await page.getByRole('button', { name: 'Show what changes' }).click();
  await page.getByText('6 machines change', { exact: false }).waitFor();
  await keepPicture(page, 'blast-radius');
  expect(await findAxeViolations(page)).toEqual([]);
  expect(sentTo('/api/v1/retention/policies')).toEqual([]);
  await page.getByRole('button', { name: 'Save and let 3 go' }).click();
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  expect(sentTo('/api/v1/retention/policies')).toMatchObject([{ scope: { kind: 'default' }, policy: { keepDaily: 30, keepHourly: 48 }, confirm: 'c'.repeat(64) }]);
  await page.getByRole('button', { name: 'Roll back to this…' }).click();
  await page.getByRole('dialog').getByText('Keeps the last 5 points', { exact: false }).waitFor();
});

test('a point says why it stays or goes, and is pinned and deleted with a reason', async () => {
  const last = server.versions.at(-1);
  server.versions = server.versions.slice(-20).map((version, n) => ({
    ...version, kept: n % 2 === 0 ? [] : ['daily slot of 20 November', 'pinned'], goes: n % 2 === 0 ? 'its day has a newer point' : null, pinned: n === 19, pin: n === 19 ? { reason: 'before the move', until: null, by: 'anna' } : null,
    deleted: n === 17 ? { at: new Date().toISOString(), purgeAfter: new Date(Date.now() + 86_400_000).toISOString(), by: 'calendar', reason: 'its day has a newer point' } : null,
  }));
  const { page, problems } = await logIn({ scheme: 'light' }, `/machines/${idOf('a', 0)}`);
  await page.getByText('before the move', { exact: false }).waitFor();
  await page.getByRole('button', { name: 'Show as table' }).click();
  await page.getByRole('cell', { name: 'daily slot of 20 November, and 1 more' }).first().waitFor();
  await page.getByRole('cell', { name: 'goes next: its day has a newer point' }).first().waitFor();
  await keepPicture(page, 'machine-keeping');
  expect(await findAxeViolations(page)).toEqual([]);
  await page.getByRole('button', { name: 'Delete…' }).click();
  await page.getByLabel('Name of the computer (WS-001)').fill('WS-001');
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await page.getByText('Say why, in a few words.').waitFor();
  await page.getByLabel('Reason').fill('holds a secret');
  expect(await findAxeViolations(page)).toEqual([]);
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await page.getByText('Not deleted yet (younger than 7 days)', { exact: false }).waitFor();
  expect(sentTo(`/api/v1/computers/${idOf('a', 0)}/versions/${last?.id ?? ''}/delete`)).toEqual([{ reason: 'holds a secret', confirm: 'WS-001' }]);
  await page.getByRole('button', { name: 'Pin…' }).click();
  await page.getByLabel('Reason').fill('audit');
  await page.getByLabel('Until').fill('2031-12-31');
  await page.getByRole('button', { name: 'Pin', exact: true }).click();
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  expect(sentTo(`/api/v1/computers/${idOf('a', 0)}/versions/${last?.id ?? ''}/pin`)).toMatchObject([{ reason: 'audit', until: expect.any(Number) as number }]);
  expect(problems).toEqual([]);
});

test('deletions are approved and withdrawn, anomalies cleared, upkeep started', async () => {
  const { page } = await logIn({ scheme: 'light' }, '/storage');
  await page.getByRole('button', { name: 'Approve' }).click();
  await page.getByRole('button', { name: 'Withdraw…' }).click();
  await page.getByLabel('Reason').fill('not needed');
  await page.getByRole('button', { name: 'Withdraw', exact: true }).click();
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  await page.getByRole('button', { name: 'The change was meant…' }).click();
  await page.getByLabel('Reason').fill('encrypted on purpose');
  await page.getByRole('button', { name: 'Clear', exact: true }).click();
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  await page.getByRole('button', { name: 'Collect garbage' }).click();
  expect(await page.getByRole('button', { name: 'Scrub now' }).isDisabled()).toBe(true);
  await page.getByText('9 GiB freed', { exact: false }).waitFor();
  const request = `/api/v1/deletion-requests/${idOf('e', 1)}`;
  expect(server.received.slice(1).filter((line) => !line.includes('/simulation'))).toEqual([
    `POST ${request}/approve {}`, `POST ${request}/withdraw {"reason":"not needed"}`, `POST /api/v1/computers/${idOf('a', 0)}/clear-anomaly {"reason":"encrypted on purpose"}`, 'POST /api/v1/store/gc {}',
  ]);
});

test('the fleet says what about the store needs somebody, the urgent first, and nothing when all is well', async () => {
  const { page } = await logIn({ scheme: 'dark' }, '/fleet');
  const alerts = page.getByRole('region', { name: 'Alerts of the store' });
  await alerts.getByText('Store /srv (/dev/md0): room is getting tight', { exact: false }).waitFor();
  expect((await alerts.getByRole('link').allInnerTexts())).toEqual(['See the damage', 'Look and clear', 'See what goes next', 'See the forecast', 'Decide']);
  expect(await findAxeViolations(page)).toEqual([]);
  await keepPicture(page, 'fleet-alerts');
  server.retention = null;
  await page.reload();
  await page.getByRole('table', { name: 'Machines' }).waitFor();
  await server.untilSettled('fleet');
  expect(await alerts.count()).toBe(0);
});

test('what cannot be fetched says so beside what can, and slow is a skeleton', async () => {
  server.broken.add('/api/v1/retention/plan');
  server.silent.add('/api/v1/store/damage');
  const { page } = await logIn({ scheme: 'light' }, '/storage');
  await page.getByRole('alert').getByText('The plan of retention could not be made').waitFor();
  await page.getByRole('status', { name: 'Loading damage' }).waitFor();
  expect(await page.getByText('No damage is known').count()).toBe(0);
  await page.getByText('on /srv (/dev/md0), 40 TiB').waitFor();
  server.broken.clear();
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByRole('table', { name: 'Points that go next' }).waitFor();
});

test.each(['/storage', '/storage/simulate', '/policies', '/fleet'])('%s fits 320 px without scrolling sideways', async (to) => {
  const { page } = await logIn({ scheme: 'light', width: 320, height: 640 }, to);
  await page.getByText('Live', { exact: true }).waitFor();
  await server.untilSettled('jobs');
  if (to === '/policies') await page.getByRole('button', { name: /^Where from of WS-001/ }).click();
  await keepPicture(page, `narrow${to.replaceAll('/', '-')}`);
  expect(await overflowOf(page)).toBeLessThanOrEqual(0);
  expect(await findAxeViolations(page)).toEqual([]);
});
