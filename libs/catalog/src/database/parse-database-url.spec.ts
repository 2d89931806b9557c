import { parseDatabaseUrl } from './parse-database-url.js';

test.each([
  { url: 'postgresql://boat:s%40fe@db.example:6543/lifeboat', settings: { host: 'db.example', port: 6543, user: 'boat', password: 's@fe', database: 'lifeboat' } },
  { url: 'postgres://boat@db.example/lifeboat', settings: { host: 'db.example', port: 5432, user: 'boat', database: 'lifeboat' } },
  { url: 'postgresql://boat@/lifeboat?host=/run/postgresql', settings: { host: '/run/postgresql', port: 5432, user: 'boat', database: 'lifeboat' } },
  { url: 'postgresql://boat@db/lifeboat?sslmode=disable', settings: { host: 'db', port: 5432, user: 'boat', database: 'lifeboat', ssl: false } },
])('takes $url apart', ({ url, settings }) => {
  expect(parseDatabaseUrl(url)).toEqual(settings);
});

test.each([
  'mysql://boat@db/lifeboat', 'not a url', '', 'postgresql://db/lifeboat', 'postgresql://boat:hunter2@db', 'postgresql://boat:hunter2@db:99999/x',
  'postgresql://boat:hunter2@db/lifeboat?schema=other', 'postgresql://boat:hunter2@db/lifeboat?sslmode=verify-full&sslrootcert=/nowhere', 'postgresql://boat:hunter2@/lifeboat',
])('refuses %s without quoting it', (url) => {
  const refuse = () => parseDatabaseUrl(url);
  expect(refuse).toThrow(expect.objectContaining({ code: 'DATABASE_URL_INVALID' }) as Error);
  try {
    refuse();
  } catch (error) {
    expect(JSON.stringify([error, (error as Error).message, (error as Error).stack])).not.toContain('hunter2');
  }
});
