/**
 * Makes golden-policies.json by asking the real restic, and by a second reading of Proxmox's rules, what each policy keeps.
 *
 *   node make-golden.mjs <empty working directory>
 *
 * Needs restic 0.14 in the path; takes some minutes. The tests read only the JSON.
 *
 * restic: manual, "Removing snapshots according to a policy": each rule counts the hours, days … that have a snapshot and keeps the newest of each; a snapshot kept by any rule stays.
 * (Releases of restic after 0.14 also keep the oldest snapshot for a rule with slots left over; neither Proxmox nor Lifeboat does.)
 * Proxmox: Backup Server manual, "Maintenance Tasks / Pruning": options are processed in the order last, hourly, daily, weekly, monthly, yearly; each only considers backups older than
 * and not covered by those before. Where both give the same points, `coincide` is true.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const work = process.argv[2];
if (work === undefined) throw new TypeError('name an empty working directory');

const pad = (n) => String(n).padStart(2, '0');
/** Local wall-clock text of a plan; never inside the hour that a clock change repeats or skips. */
const text = (y, mo, d, h = 12, mi = 0) => `${y}-${pad(mo)}-${pad(d)} ${pad(h)}:${pad(mi)}:00`;

function yearsUntilNewYear() {
  const times = [text(2017, 6, 15, 8)];
  for (const [y, mo, d] of [[2018, 2, 1], [2018, 12, 31], [2019, 1, 1], [2019, 12, 29], [2019, 12, 30], [2020, 1, 1], [2020, 2, 29]]) times.push(text(y, mo, d));
  for (let month = 3; month <= 12; month += 1) times.push(text(2020, month, 28, 6), text(2020, month, 28, 18));
  // ISO week 53 of 2020 ends on Sunday, 3 January 2021.
  for (const d of [1, 2, 3, 4, 10, 11]) times.push(text(2021, 1, d, 23, 59));
  for (let month = 2; month <= 9; month += 1) times.push(text(2021, month, 1, 0), text(2021, month, 15, 13, 30));
  for (let day = 1; day <= 31; day += 3) times.push(text(2021, 10, day, 2, 15));
  for (let day = 1; day <= 30; day += 1) if (day % 7 !== 3) times.push(text(2021, 11, day, 20, 10));
  for (let day = 1; day <= 27; day += 1) times.push(text(2021, 12, day, 4, 30), text(2021, 12, day, 16, 45));
  for (let day = 28; day <= 31; day += 1) for (let hour = day === 29 ? 6 : 0; hour < 24; hour += day === 31 ? 1 : 3) times.push(text(2021, 12, day, hour, 5));
  times.push(text(2021, 12, 31, 23, 20), text(2021, 12, 31, 23, 40), text(2021, 12, 31, 23, 59), text(2022, 1, 1, 0, 0), text(2022, 1, 1, 0, 30), text(2022, 1, 2, 23, 59));
  return [...new Set(times)].sort();
}

function bothClockChanges() {
  const times = [text(2024, 12, 31, 23, 30), text(2025, 1, 1, 0, 30)];
  for (let day = 27; day <= 31; day += 1) for (const hour of [0, 1, 4, 9, 23]) times.push(text(2025, 3, day, hour, 30));
  times.push(text(2025, 3, 30, 1, 59), text(2025, 3, 30, 3, 0));
  for (let day = 24; day <= 28; day += 1) for (const hour of [0, 1, 3, 12, 23]) times.push(text(2025, 10, day, hour, 30));
  times.push(text(2025, 10, 26, 1, 59), text(2025, 10, 26, 3, 1), text(2025, 10, 26, 0, 0), text(2025, 10, 27, 0, 0));
  return [...new Set(times)].sort();
}

const rules = ['keepLast', 'keepHourly', 'keepDaily', 'keepWeekly', 'keepMonthly', 'keepYearly'];
const policies = [];
for (const rule of rules) for (const count of [1, 2, 3, 4, 7, 13, 24]) policies.push({ [rule]: count });
const all = 9999;
policies.push(
  { keepLast: 3, keepYearly: all }, { keepDaily: 7, keepMonthly: all }, { keepHourly: 5, keepDaily: all }, { keepDaily: 14, keepYearly: all }, { keepLast: 1, keepDaily: all },
  { keepHourly: 24, keepMonthly: all, keepYearly: all }, { keepLast: 10, keepHourly: all },
  { keepDaily: 7, keepWeekly: 4 }, { keepDaily: 7, keepWeekly: 4, keepMonthly: 12 }, { keepLast: 3, keepDaily: 13, keepWeekly: 8, keepMonthly: 11, keepYearly: 3 },
  { keepHourly: 24, keepDaily: 7, keepWeekly: 5, keepMonthly: 12, keepYearly: 4 }, { keepWeekly: 10, keepMonthly: 3 }, { keepMonthly: 6, keepYearly: 2 }, { keepLast: 5, keepWeekly: 3 },
  { keepWithinHours: 36 }, { keepWithinHours: 24 * 14 }, { keepWithinHours: 24 * 400 }, { keepWithinHours: 24 * 7, keepMonthly: 4 }, { keepLast: 2, keepWithinHours: 48, keepYearly: 2 },
);

const flagOf = (policy) => Object.entries(policy).flatMap(([rule, count]) => (rule === 'keepWithinHours' ? ['--keep-within', `${count}h`] : [`--${rule.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`, String(count)]));

/** Proxmox's rules: `points` newest first with the names of their slots. */
function proxmoxKeeps(points, policy) {
  const kept = new Map();
  for (const rule of rules) {
    const slotOf = (point) => (rule === 'keepLast' ? point.id : point.slots[rule]);
    const covered = new Set(points.filter((point) => kept.get(point.id) === true).map(slotOf));
    const taken = new Set();
    for (const point of points) {
      if (kept.has(point.id)) continue;
      const slot = slotOf(point);
      if (covered.has(slot)) continue;
      if (taken.has(slot)) kept.set(point.id, false);
      else if (taken.size < (policy[rule] ?? 0)) {
        taken.add(slot);
        kept.set(point.id, true);
      } else break;
    }
  }
  return points.filter((point) => kept.get(point.id) === true).map((point) => point.id);
}

function slotsOf(wall) {
  const [date, time] = wall.split(' ');
  const monday = new Date(`${date}T00:00:00Z`);
  monday.setUTCDate(monday.getUTCDate() - ((monday.getUTCDay() + 6) % 7));
  return { keepHourly: `${date} ${time.slice(0, 2)}`, keepDaily: date, keepWeekly: monday.toISOString().slice(0, 10), keepMonthly: date.slice(0, 7), keepYearly: date.slice(0, 4) };
}

function history(name, zone, times) {
  const repo = join(work, name);
  const source = join(work, 'source');
  mkdirSync(source, { recursive: true });
  writeFileSync(join(source, 'file'), 'content');
  const env = { ...process.env, TZ: zone, RESTIC_PASSWORD: 'golden', RESTIC_REPOSITORY: repo, RESTIC_CACHE_DIR: join(work, 'cache') };
  const restic = (...args) => execFileSync('restic', args, { env, encoding: 'utf8', maxBuffer: 1 << 28 });
  restic('init');
  for (const time of times) restic('backup', '--quiet', '--host', 'golden', '--time', time, source);
  const points = JSON.parse(restic('snapshots', '--json')).map((snapshot) => ({ id: snapshot.id, atMs: Date.parse(snapshot.time), wall: snapshot.time.slice(0, 19).replace('T', ' ') }));
  points.sort((a, b) => a.atMs - b.atMs);
  const indexOf = new Map(points.map((point, index) => [point.id, index]));
  const newestFirst = points.map((point) => ({ id: point.id, slots: slotsOf(point.wall) })).reverse();
  const cases = policies.map((policy) => {
    const [group] = JSON.parse(restic('forget', '--dry-run', '--json', ...flagOf(policy)));
    const keeps = group.keep.map((snapshot) => indexOf.get(snapshot.id) ?? -1).sort((a, b) => a - b);
    const proxmox = policy.keepWithinHours === undefined ? proxmoxKeeps(newestFirst, policy).map((id) => indexOf.get(id) ?? -1).sort((a, b) => a - b) : null;
    return { policy, keeps, coincide: proxmox !== null && JSON.stringify(proxmox) === JSON.stringify(keeps) };
  });
  return { name, timeZone: zone, restic: restic('version').trim(), atMs: points.map((point) => point.atMs), cases };
}

const golden = [history('years-until-new-year', 'UTC', yearsUntilNewYear()), history('both-clock-changes', 'Europe/Berlin', bothClockChanges())];
const compact = JSON.stringify({ histories: golden }, null, 1).replace(/\[\s+(-?\d[^\]]*?)\s+\]/g, (list) => list.replace(/\s+/g, ' ')).replace(/"policy": \{[^}]*\}/g, (object) => object.replace(/\s+/g, ' '));
writeFileSync(new URL('golden-policies.json', import.meta.url), `${compact}\n`);
for (const { name, atMs, cases } of golden) console.log(name, atMs.length, 'points', cases.filter((one) => one.coincide).length, 'of', cases.length, 'coincide');
