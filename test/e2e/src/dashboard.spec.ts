import fs from 'node:fs';
import { jest } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { type Look, buildDashboard, findAxeViolations, keepPicture, openBrowser, openPage, overflowOf } from './browser/browser.js';
import { idOf, sampleFleet, sampleHeld, sampleJobs, sampleVersions } from './browser/sample-fleet.js';
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

beforeEach(async () => { server = await StubServer.start(files); });
afterEach(async () => {
  await Promise.all(browser.contexts().map((context) => context.close()));
  await server.stop();
});

const fill = (count: number): void => {
  server.computers = sampleFleet(count, Date.now());
  server.jobs = count === 0 ? [] : sampleJobs(server.computers, Date.now());
  server.versions = sampleVersions(60, Date.now());
};

/** A page that has just logged in, as a person does. */
async function logIn(look: Look, to = '/'): Promise<{ page: Page; problems: string[] }> {
  const opened = await openPage(browser, look);
  await opened.page.goto(server.url + to);
  await opened.page.getByLabel('Admin secret', { exact: true }).fill(server.secret);
  await opened.page.getByRole('button', { name: 'Log in' }).click();
  await opened.page.getByRole('navigation', { name: 'Main' }).waitFor();
  return opened;
}

const cell = (page: Page, row: string, label: string) => page.getByRole('row', { name: new RegExp(`^${row}`) }).locator(`[data-label="${label}"]`);

describe('login', () => {
  test('asks for the secret, says what is wrong, and returns to where the person was going', async () => {
    fill(3);
    const { page } = await openPage(browser, { scheme: 'light' });
    await page.goto(`${server.url}/jobs`);
    await page.getByRole('heading', { name: 'Log in' }).waitFor();
    expect(await findAxeViolations(page)).toEqual([]);
    await page.getByLabel('Admin secret', { exact: true }).fill('wrong');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('alert').getByText('This secret is not right.').waitFor();
    await keepPicture(page, 'login-error');
    // A secret copied from a terminal often brings its line break along.
    await page.getByLabel('Admin secret', { exact: true }).fill(`  ${server.secret}\t`);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Jobs', level: 1 }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/jobs');
  });

  test('a session that ended leads back to login', async () => {
    fill(3);
    const { page } = await logIn({ scheme: 'light' });
    await page.context().clearCookies();
    await page.reload();
    await page.getByRole('heading', { name: 'Log in' }).waitFor();
  });
});

describe.each(['light', 'dark'] as const)('%s', (scheme) => {
  test.each([0, 3, 300])('fleet of %d machines', async (count) => {
    fill(count);
    const { page, problems } = await logIn({ scheme });
    if (count === 0) {
      await page.getByText('No machine is enrolled yet').waitFor();
      await page.getByRole('button', { name: 'Make a token' }).click();
      await page.getByText('--token lbt_7Qw2mXr9Tn4Ks1').waitFor();
    } else {
      await page.getByRole('table', { name: 'Machines' }).waitFor();
      expect(await page.getByRole('group', { name: 'Filter by state' }).getByRole('button').count()).toBe(6);
      expect(await page.locator('tbody tr').count()).toBe(Math.min(100, count));
    }
    await page.getByText('Live', { exact: true }).waitFor();
    await keepPicture(page, `fleet-${String(count)}-${scheme}`);
    expect(await findAxeViolations(page)).toEqual([]);
    expect(problems).toEqual([]);
  });

  test('a machine: chain, points, disks, schedule', async () => {
    fill(3);
    const { page, problems } = await logIn({ scheme }, `/machines/${idOf('a', 0)}`);
    await page.getByRole('heading', { name: 'WS-001', level: 1 }).waitFor();
    await page.getByRole('img', { name: /Layout of \/dev\/nvme0n1/ }).waitFor();
    await page.getByRole('button', { name: 'Show as table' }).click();
    await page.getByRole('button', { name: 'Change…' }).click();
    await page.getByLabel('Every … hours').waitFor();
    await keepPicture(page, `machine-${scheme}`);
    expect(await findAxeViolations(page)).toEqual([]);
    expect(problems).toEqual([]);
  });

  test('jobs with their counters', async () => {
    fill(6);
    const { page, problems } = await logIn({ scheme }, '/jobs');
    const job = page.getByRole('article').first();
    await job.getByText('sent after compression').waitFor();
    expect(await job.locator('dl').innerText()).toMatch(/read from disk\s+141 GiB\s+changed\s+14\.1 GiB\s+sent after compression\s+6\.2 GiB\s+stored after dedup\s+3\.9 GiB/);
    await job.getByText('84 MiB/s').waitFor();
    await job.getByText('about 9–14 min left').waitFor();
    await keepPicture(page, `jobs-${scheme}`);
    expect(await findAxeViolations(page)).toEqual([]);
    await job.getByRole('button', { name: /^Stop the/ }).click();
    await page.getByRole('dialog').getByText('No restore point comes of this run.', { exact: false }).waitFor();
    await keepPicture(page, `stop-${scheme}`);
    expect(await findAxeViolations(page)).toEqual([]);
    await page.getByRole('button', { name: 'Abort now' }).click();
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    expect(server.received.at(-1)).toBe(`POST /api/v1/jobs/${idOf('c', 0)}/stop {"now":true}`);
    expect(problems).toEqual([]);
  });
});

describe('the four pictures of a list', () => {
  test('loading is a skeleton, never "empty"', async () => {
    fill(0);
    server.silent.add('/api/v1/computers');
    const { page } = await logIn({ scheme: 'light' });
    await page.getByRole('status', { name: 'Loading machines' }).waitFor();
    expect(await page.getByText('No machine is enrolled yet').count()).toBe(0);
    await keepPicture(page, 'fleet-loading');
  });

  test('an error says what failed and offers to try again', async () => {
    fill(3);
    server.broken.add('/api/v1/computers');
    const { page } = await logIn({ scheme: 'light' });
    await page.getByRole('alert').getByText('The list of machines could not be fetched').waitFor();
    await page.getByText('The database does not answer.', { exact: false }).waitFor();
    await keepPicture(page, 'fleet-error');
    expect(await findAxeViolations(page)).toEqual([]);
    server.broken.clear();
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('table', { name: 'Machines' }).waitFor();
  });

  test('a lost connection keeps the data and says so, and a new one fetches what was missed', async () => {
    fill(3);
    const { page } = await logIn({ scheme: 'light' });
    await page.getByText('Live', { exact: true }).waitFor();
    await page.context().setOffline(true);
    server.cutSockets();
    await page.getByText('Live paused', { exact: false }).waitFor();
    expect(await page.locator('tbody tr').count()).toBe(3);
    await keepPicture(page, 'fleet-stale');
    server.computers = server.computers.map((row, n) => (n === 0 ? { ...row, reason: 'Changed while nobody listened' } : row));
    await page.context().setOffline(false);
    await page.getByText('Changed while nobody listened').waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
  });
});

describe('live changes', () => {
  test('a push changes the row, the counts and the sentence; a gap fetches everything again', async () => {
    fill(3);
    const { page } = await logIn({ scheme: 'light' });
    await page.getByText('Live', { exact: true }).waitFor();
    await page.getByText('1 of 3 machines restorable inside target').first().waitFor();
    const [first, second] = server.computers;
    if (first === undefined || second === undefined) return;
    const healed = { ...second, state: 'protected', reason: 'Point under a minute old', lastPointAt: new Date().toISOString(), points: 99 };
    await server.untilSettled('fleet');
    server.push('fleet', { computers: [healed] });
    await page.getByText('2 of 3 machines restorable inside target').first().waitFor();
    await page.getByRole('button', { name: /^Protected\s*2/ }).waitFor();
    expect(await cell(page, second.name, 'Points').innerText()).toContain('99');
    server.computers = [{ ...first, reason: 'Only the list knows this' }, healed];
    server.push('fleet', { computers: [] }, 3);
    await page.getByText('Only the list knows this').waitFor();
  });

  test('a running job moves, and its machine lists the new point', async () => {
    fill(3);
    const id = idOf('a', 0);
    const { page } = await logIn({ scheme: 'light' }, `/machines/${id}`);
    const bar = page.getByRole('progressbar');
    await bar.waitFor();
    expect(await bar.getAttribute('aria-valuenow')).toBe('68');
    await page.getByText('60 points: 2 full', { exact: false }).waitFor();
    await server.untilSettled(`machine:${id}`);
    const [job] = server.jobs;
    if (job === undefined) return;
    server.push('jobs', { jobs: [{ ...job, progress: { ...(job['progress'] as object), doneBytes: 91 } }] });
    await page.locator('[role="progressbar"][aria-valuenow="91"]').waitFor();
    server.versions = sampleVersions(61, Date.now());
    server.push(`machine:${id}`, { points: true });
    await page.getByText('61 points: 3 full', { exact: false }).waitFor();
  });
});

describe('acting', () => {
  test('the filter is in the address, and the keyboard reaches it', async () => {
    fill(300);
    const { page } = await logIn({ scheme: 'light' });
    await page.getByRole('table', { name: 'Machines' }).waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('lap-');
    await page.getByRole('button', { name: /^Late/ }).click();
    const shown = await page.locator('tbody tr').count();
    expect(shown).toBeGreaterThan(0);
    expect(await page.locator('tbody tr').filter({ hasText: 'Late' }).filter({ hasText: 'LAP-' }).count()).toBe(shown);
    await page.waitForURL(/q=lap-.*state=late|state=late.*q=lap-/);
    await page.reload();
    await page.getByRole('table', { name: 'Machines' }).waitFor();
    expect(await page.locator('tbody tr').count()).toBe(shown);
    expect(await page.getByRole('button', { name: /^Late/ }).first().getAttribute('aria-pressed')).toBe('true');
  });

  test('single keys are listed, and can be switched off', async () => {
    fill(3);
    const { page } = await logIn({ scheme: 'light' });
    await page.getByRole('table', { name: 'Machines' }).waitFor();
    await page.keyboard.press('?');
    await page.getByRole('dialog').getByText('Go to the filter of the fleet').waitFor();
    expect(await findAxeViolations(page)).toEqual([]);
    await page.getByRole('switch', { name: 'Use single keys' }).press('Space');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await page.keyboard.press('/');
    expect(await page.evaluate('document.activeElement.tagName')).not.toBe('INPUT');
  });

  test('the chain is walked with the keyboard', async () => {
    fill(3);
    const { page } = await logIn({ scheme: 'light' }, `/machines/${idOf('a', 0)}`);
    const slider = page.getByRole('slider', { name: 'Selected restore point' });
    await slider.focus();
    expect(await slider.getAttribute('aria-valuenow')).toBe('60');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('[');
    await page.locator('[role="slider"][aria-valuenow="58"]').waitFor();
    await page.keyboard.press('Home');
    await page.locator('[role="slider"][aria-valuenow="1"]').waitFor();
    expect(await slider.getAttribute('aria-valuetext')).toMatch(/, full, .* used/);
    expect(page.url()).toContain(`point=${idOf('b', 0)}`);
    await page.getByText('All', { exact: true }).click();
    const box = await slider.boundingBox();
    if (box !== null) await page.mouse.click(box.x + box.width - 4, box.y + 60);
    await page.locator('[role="slider"][aria-valuenow="60"]').waitFor();
  });

  test('back up now, and a policy of its own', async () => {
    fill(3);
    server.jobs = [];
    const { page } = await logIn({ scheme: 'light' }, `/machines/${idOf('a', 0)}`);
    await page.getByRole('button', { name: 'Back up now' }).click();
    await page.getByRole('button', { name: 'Change…' }).click();
    await page.getByLabel('Every … hours').fill('6');
    await page.getByLabel(/^Target/).fill('0');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Between one minute', { exact: false }).waitFor();
    await page.getByLabel(/^Target/).fill('12');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Every 6 h, counted from the last run', { exact: false }).waitFor();
    await page.getByRole('button', { name: 'Use the default' }).waitFor();
    const [start, set] = server.received.filter((line) => !line.includes('/login'));
    expect(start).toBe(`POST /api/v1/backups {"computers":["${idOf('a', 0)}"],"full":false,"allowInconsistent":false}`);
    expect(JSON.parse(set?.split(' ').slice(2).join(' ') ?? '')).toEqual({ policy: { schedule: { kind: 'every', intervalMs: 21_600_000 }, jitterMs: 1_800_000, rpoTargetMs: 43_200_000, pausedUntilMs: null } });
  });

  test('a taken name waits for a decision, which is asked twice', async () => {
    fill(3);
    const [taken] = server.computers;
    if (taken === undefined) return;
    server.held = [sampleHeld(taken, Date.now())];
    const { page } = await logIn({ scheme: 'light' });
    await page.getByText(`Another machine named ${taken.name} is waiting.`).waitFor();
    await keepPicture(page, 'held');
    expect(await findAxeViolations(page)).toEqual([]);
    await page.getByRole('button', { name: 'Different machine: keep separate' }).click();
    expect(server.received.filter((line) => line.includes('held-enrolments'))).toEqual([]);
    server.held = [];
    await page.getByRole('dialog').getByRole('button', { name: 'Keep separate' }).click();
    await page.getByText(`Another machine named ${taken.name} is waiting.`).waitFor({ state: 'detached' });
    expect(server.received.at(-1)).toBe(`POST /api/v1/held-enrolments/${idOf('d', 1)}/resolve {"as":"separate"}`);
  });

  test('colours are switched and remembered', async () => {
    fill(3);
    const { page } = await logIn({ scheme: 'light' });
    await page.getByRole('button', { name: 'Use dark colours' }).click();
    await page.reload();
    await page.getByRole('button', { name: 'Use light colours' }).waitFor();
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(15, 19, 23)');
  });

  test('the skip link is the first stop and leads into the page', async () => {
    fill(3);
    const { page } = await logIn({ scheme: 'light' });
    await page.reload();
    await page.getByRole('table', { name: 'Machines' }).waitFor();
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to content');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('content');
  });
});

describe('narrow screens', () => {
  test.each(['/fleet', '/jobs', `/machines/${idOf('a', 0)}`])('%s fits 320 px without scrolling sideways', async (to) => {
    fill(6);
    server.held = server.computers.slice(0, 1).map((computer) => sampleHeld(computer, Date.now()));
    const { page } = await logIn({ scheme: 'light', width: 320, height: 640 }, to);
    await page.getByText('Live', { exact: true }).waitFor();
    if (to.startsWith('/machines')) await page.getByRole('button', { name: 'Show as table' }).click();
    await keepPicture(page, `narrow${to.split('/').slice(0, 2).join('-')}`);
    expect(await overflowOf(page)).toBeLessThanOrEqual(0);
    expect(await findAxeViolations(page)).toEqual([]);
  });

  test.each([480, 768, 1024, 1280])('no page scrolls sideways at %d px', async (width) => {
    fill(12);
    const { page } = await logIn({ scheme: 'dark', width, height: 800 });
    for (const to of ['/fleet', '/jobs', `/machines/${idOf('a', 5)}`]) {
      await page.goto(server.url + to);
      await page.getByText('Live', { exact: true }).waitFor();
      if (to.startsWith('/machines')) await page.getByRole('img', { name: /Layout of/ }).waitFor();
      await keepPicture(page, `width-${String(width)}${to.split('/').slice(0, 2).join('-')}`);
      expect(await overflowOf(page)).toBeLessThanOrEqual(0);
    }
  });
});
