import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DataPlaneTwin, makeSampleDisk, MemoryPoint, sampleDiskBytes } from '@lifeboat/restore/testing';
import { defaultBackupPolicy } from '@lifeboat/model';
import { runCli } from './run-cli.js';
import { refusal, RestTwin } from './testing/rest-twin.js';

type Run = { code: number; out: string; err: string; json: Record<string, unknown> };

let twin: RestTwin;
let folder: string;
const environment = { ...process.env };

beforeEach(async () => {
  twin = await RestTwin.start();
  folder = mkdtempSync(join(tmpdir(), 'lifeboat-cli-'));
  process.env['XDG_CONFIG_HOME'] = folder;
  process.env['LIFEBOAT_URL'] = twin.url;
  process.env['LIFEBOAT_TOKEN'] = twin.token;
});
afterEach(async () => {
  await twin.close();
  rmSync(folder, { recursive: true });
  process.env = { ...environment };
});

async function run(...argv: string[]): Promise<Run> {
  const seen = { out: '', err: '' };
  const streams = { out: (text: string) => { seen.out += text; }, err: (text: string) => { seen.err += text; } };
  const code = await runCli(argv, { streams, signal: new AbortController().signal, version: '0.1.0' });
  return { code, ...seen, get json() { return JSON.parse(seen.out) as Record<string, unknown>; } };
}

const id = (digit: string): string => digit.repeat(32);
const time = '2026-01-02T03:04:05.000Z';
const computer = {
  machineId: id('a'), name: 'web-1', state: 'protected', reason: 'Point 5 h old', lastPointAt: time, lastProof: { level: 4, at: time }, online: true, lastSeenAt: time, enrolledAt: time, agentVersion: '0.1.0', points: 2, platform: 'linux',
};
const job = (changes: object = {}): Record<string, unknown> => ({
  jobId: id('b'), machineId: id('a'), computerName: 'web-1', kind: 'backup', trigger: 'admin', state: 'done', code: null, message: null, pointId: id('c'), progress: null, rateBytesPerSecond: null, etaMs: null,
  createdAt: time, startedAt: time, finishedAt: time, ...changes,
});

describe('arguments', () => {
  test.each([
    { name: 'unknown command', argv: ['gett'], says: 'Did you mean get?' },
    { name: 'unknown subcommand', argv: ['get', 'compters'], says: 'Did you mean computers?' },
    { name: 'unknown option', argv: ['get', 'computers', '--jsn'], says: 'Did you mean --json?' },
    { name: 'missing argument', argv: ['get', 'versions'], says: "missing required argument 'computer'" },
    { name: 'wrong decision', argv: ['enrol', 'resolve', id('d'), '--as', 'maybe'], says: 'Allowed choices are continue, separate, reject' },
    { name: 'wrong duration', argv: ['enrol', 'token', 'create', '--expires', 'soon'], says: '"soon" is no duration' },
    { name: 'contradiction', argv: ['schedule', 'set', '--manual', '--every', '4h'], says: 'exclude each other' },
  ])('$name is usage, exit 64', async ({ argv, says }) => {
    twin.answers.set('GET /api/v1/policies/default', { body: { v: 1, policy: defaultBackupPolicy, origin: 'built-in' } });
    const result = await run(...argv);
    expect(result.code).toBe(64);
    expect(result.err).toContain(says);
    expect(result.out).toBe('');
  });

  test('--version names the protocol, and is free for restore points behind a verb', async () => {
    expect(await run('--version')).toMatchObject({ code: 0, out: 'lifeboat 0.1.0, protocol 1-1\n' });
  });
});

describe('the way to the server', () => {
  test('nobody there: exit 6', async () => {
    process.env['LIFEBOAT_URL'] = 'http://127.0.0.1:1';
    const result = await run('get', 'computers', '--json');
    expect(result.code).toBe(6);
    expect(result.json).toMatchObject({ v: 1, error: { code: 'SERVER_UNREACHABLE', details: { reason: expect.any(String) } } });
  });

  test.each([
    { name: 'no token', token: '', code: 'NOT_LOGGED_IN' },
    { name: 'wrong token', token: 'wrong', code: 'LOGIN_REQUIRED' },
  ])('$name: exit 5', async ({ token, code }) => {
    process.env['LIFEBOAT_TOKEN'] = token;
    const result = await run('get', 'computers');
    expect(result.code).toBe(5);
    expect(result.err).toContain(code);
  });

  test('a bad address: exit 78', async () => {
    process.env['LIFEBOAT_URL'] = 'ftp://x';
    expect((await run('get', 'computers')).code).toBe(78);
  });
});

describe('results', () => {
  beforeEach(() => {
    twin.answers.set('GET /api/v1/session', { body: { v: 1 } });
    twin.answers.set('GET /api/v1/computers', { body: { v: 1, seq: 3, computers: [computer] } });
  });

  test('get computers', async () => {
    expect((await run('get', 'computers', '--json')).json).toMatchObject({ v: 1, computers: [computer] });
    const { out, err } = await run('get', 'computers');
    expect(out).toMatch(/^NAME +STATE +LAST POINT +PROVEN +POINTS +ONLINE +REASON\nweb-1 +protected +.* ago +L4 .* ago +2 +yes +Point 5 h old\n$/);
    expect(err).toBe('');
  });

  test('a name with a slash stays one part of the path, and `..` is looked up', async () => {
    await run('get', 'versions', 'a/../b ☂');
    expect(twin.asked.at(-1)?.path).toBe('/api/v1/computers/a%2F..%2Fb%20%E2%98%82/versions');
    twin.answers.set('GET /api/v1/computers', { body: { v: 1, seq: 3, computers: [{ ...computer, name: '..' }] } });
    await run('get', 'versions', '..');
    expect(twin.asked.at(-1)?.path).toBe(`/api/v1/computers/${id('a')}/versions`);
  });

  test('control characters of a name do not reach the terminal', async () => {
    twin.answers.set('GET /api/v1/computers', { body: { v: 1, seq: 3, computers: [{ ...computer, reason: 'x\u001b[31mred' }] } });
    expect((await run('get', 'computers')).out).not.toContain('\u001b');
  });

  test('enrol token create', async () => {
    twin.answers.set('POST /api/v1/enrolment-tokens', { body: { v: 1, token: 'T', expiresAt: time } });
    const result = await run('enrol', 'token', 'create', '--uses', '3', '--expires', '1h30m', '--json');
    expect(result.json).toEqual({ v: 1, token: 'T', expiresAt: time });
    expect(twin.asked.at(-1)?.body).toEqual({ uses: 3, expiresInMs: 5_400_000 });
    expect((await run('enrol', 'token', 'create')).out).toBe('T\n');
  });

  test('a refusal of the server keeps its code and remedy', async () => {
    twin.answers.set('GET /api/v1/computers', refusal(404, 'COMPUTER_NOT_FOUND'));
    const result = await run('get', 'computers');
    expect(result).toMatchObject({ code: 1, out: '' });
    expect(result.err).toContain('COMPUTER_NOT_FOUND');
    expect(result.err).toContain('Do something else.');
  });

  test('an answer of something else is told apart', async () => {
    twin.answers.set('GET /api/v1/computers', { body: { v: 1, hello: 'world' } });
    expect((await run('get', 'computers', '--json')).json).toMatchObject({ error: { code: 'SERVER_ANSWER_INVALID' } });
  });

  test.each([
    { state: 'done', code: 0 }, { state: 'warned', code: 2 }, { state: 'failed', code: 1 }, { state: 'refused', code: 4 }, { state: 'stopped', code: 1 },
  ])('start backup --wait of a job that ends $state exits $code', async ({ state, code }) => {
    twin.answers.set('POST /api/v1/backups', { body: { v: 1, jobs: [{ jobId: id('b'), machineId: id('a'), computer: 'web-1' }] } });
    twin.answers.set(`GET /api/v1/jobs/${id('b')}`, { body: job({ state }) });
    const result = await run('start', 'backup', 'web-1', '--wait', '--json');
    expect(result.code).toBe(code);
    expect(result.json).toMatchObject({ v: 1, jobs: [{ jobId: id('b'), state, pointId: id('c') }] });
    expect(twin.asked[0]?.body).toEqual({ computers: ['web-1'], full: false, allowInconsistent: false });
  });

  test('stop job takes a unique prefix', async () => {
    twin.answers.set('GET /api/v1/jobs', { body: { v: 1, jobs: [job(), job({ jobId: id('e') })] } });
    twin.answers.set(`POST /api/v1/jobs/${id('b')}/stop`, { body: job({ state: 'stopped' }) });
    expect(await run('stop', 'job', 'bbbb')).toMatchObject({ code: 0, out: 'web-1: stopped\n' });
    expect((await run('stop', 'job', 'f')).code).toBe(64);
  });

  test('schedule set changes what was named and keeps the rest', async () => {
    twin.answers.set('GET /api/v1/computers/web-1/policy', { body: { v: 1, policy: defaultBackupPolicy, origin: 'default' } });
    twin.answers.set('PUT /api/v1/computers/web-1/policy', ({ body }) => ({ body: { v: 1, policy: (body as { policy: unknown }).policy, origin: 'machine' } }));
    const result = await run('schedule', 'set', 'web-1', '--cron', '0 3 * * *', '--time-zone', 'Europe/Berlin', '--jitter', '10m', '--json');
    expect(result.json).toMatchObject({ policy: { ...defaultBackupPolicy, schedule: { kind: 'cron', pattern: '0 3 * * *', timeZone: 'Europe/Berlin' }, jitterMs: 600_000 }, origin: 'machine' });
  });

  test('login remembers, readable by the owner only; flag beats environment beats file', async () => {
    expect((await run('login')).code).toBe(0);
    const file = join(folder, 'lifeboat', 'cli.json');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ v: 1, url: twin.url, token: twin.token });
    process.env['LIFEBOAT_TOKEN'] = '';
    expect((await run('get', 'computers')).code).toBe(0);
    process.env['LIFEBOAT_URL'] = '';
    expect((await run('config', 'show', '--origin', '--json')).json).toMatchObject({ url: { value: twin.url, origin: 'user file', where: file }, token: { value: 'set', origin: 'user file' } });
    process.env['LIFEBOAT_TOKEN'] = 'other';
    const shown = await run('config', 'show', '--origin', '--url', 'http://10.0.0.1:1', '--json');
    expect(shown.json).toMatchObject({ url: { value: 'http://10.0.0.1:1', origin: 'flag' }, token: { origin: 'environment' } });
    expect(shown.out).not.toContain(twin.token);
  });

  test('a login that the server refuses remembers nothing', async () => {
    expect((await run('login', '--token', 'wrong')).code).toBe(5);
    expect(() => statSync(join(folder, 'lifeboat', 'cli.json'))).toThrow();
  });
});

describe('start recovery', () => {
  let data: DataPlaneTwin;
  let point: MemoryPoint;
  let expected: Buffer;
  beforeAll(async () => {
    const disk = await makeSampleDisk();
    point = new MemoryPoint([disk]);
    expected = Buffer.from(disk.bytes);
    for (const extent of disk.unallocated ?? []) expected.fill(0, extent.offsetBytes, extent.offsetBytes + extent.lengthBytes);
  });
  beforeEach(async () => {
    data = await DataPlaneTwin.start(point);
    data.attach(twin.server);
    twin.answers.set('POST /api/v1/restores', () => ({ body: { v: 1, ...data.issueTicket(), manifest: point.manifest } }));
  });
  afterEach(async () => { await data.close(); });

  const target = (): string => join(folder, 'disk.img');
  const recover = (...argv: string[]): Promise<Run> => run('start', 'recovery', 'web-1', '--version', 'latest', '--disk', '0', '--to', target(), '--json', ...argv);

  test('writes a sparse image that equals the disk, and can read it back', async () => {
    const result = await recover('--verify');
    expect(result.code).toBe(0);
    expect(result.json).toMatchObject({ v: 1, pointId: point.manifest.pointId, diskId: 'sda', mode: 'whole-image', damaged: [], warnings: [] });
    expect(Buffer.compare(readFileSync(target()), expected)).toBe(0);
    expect(statSync(target()).blocks * 512).toBeLessThan(expected.length / 2);
  });

  test('damage: the rest is restored, the range is exact, exit 2', async () => {
    const chunk = point.maps[2]?.find((entry) => entry.kind === 'data');
    if (chunk?.kind === 'data') data.faults.lost.add(chunk.digest);
    const result = await recover();
    expect(result.code).toBe(2);
    expect(result.json['damaged']).toEqual([{ volumeId: 'sda/p2', offset: chunk?.offsetBytes, length: chunk?.lengthBytes, diskOffset: 9 * 1024 * 1024 + (chunk?.offsetBytes ?? 0) }]);
  });

  test('an existing file is overwritten only when its name is confirmed', async () => {
    writeFileSync(target(), 'precious');
    expect(await recover()).toMatchObject({ code: 4, json: { error: { code: 'TARGET_NOT_CONFIRMED' } } });
    expect(await recover('--confirm', 'other.img')).toMatchObject({ code: 4, json: { error: { code: 'TARGET_SERIAL_MISMATCH' } } });
    expect(readFileSync(target(), 'utf8')).toBe('precious');
    expect((await recover('--confirm', 'disk.img')).code).toBe(0);
    expect(Buffer.compare(readFileSync(target()), expected)).toBe(0);
  });

  test('an empty file needs no confirmation', async () => {
    writeFileSync(target(), '');
    expect((await recover()).code).toBe(0);
  });

  test.each([
    { name: 'files', argv: ['--path', '/etc'], code: 1, error: 'NOT_SUPPORTED_YET' },
    { name: 'a disk that is not there', argv: ['--disk', '7'], code: 1, error: 'DISK_NOT_IN_POINT' },
    { name: 'a directory', argv: ['--to', '/tmp'], code: 1, error: 'BLOCK_PATH_IS_DIRECTORY' },
  ])('$name is refused and leaves nothing behind', async ({ argv, code, error }) => {
    const result = await recover(...argv);
    expect(result).toMatchObject({ code, json: { error: { code: error } } });
    expect(() => statSync(target())).toThrow();
  });

  test('a map that is not that of the point: exit 3 and no file', async () => {
    data.faults.wrongMap = true;
    expect(await recover()).toMatchObject({ code: 3, json: { error: { code: 'RESTORE_ROOT_MISMATCH' } } });
    expect(() => statSync(target())).toThrow();
  });

  test('another format holds the same disk, is compared on request, and obeys the same confirmation', async () => {
    expect(await recover('--format', 'qcow2', '--dry-run')).toMatchObject({ code: 0, json: { dryRun: true } });
    const first = await recover('--format', 'qcow2', '--verify');
    expect(first).toMatchObject({ code: 0, json: { v: 1, pointId: point.manifest.pointId, diskId: 'sda', format: 'qcow2', target: target(), damaged: [], unreadable: [], warnings: [], verifiedBytes: expected.length } });
    expect(await recover('--format', 'vhdx')).toMatchObject({ code: 4, json: { error: { code: 'TARGET_NOT_CONFIRMED' } } });
    const chunk = point.maps[2]?.find((entry) => entry.kind === 'data');
    if (chunk?.kind === 'data') data.faults.lost.add(chunk.digest);
    const second = await recover('--format', 'vhdx', '--confirm', 'disk.img');
    expect(second).toMatchObject({ code: 2, json: { format: 'vhdx', damaged: [{ volumeId: 'sda/p2', offset: chunk?.offsetBytes, length: chunk?.lengthBytes }] } });
    writeFileSync(join(folder, 'expected.img'), Buffer.from(expected).fill(0, 9 * 1024 * 1024 + (chunk?.offsetBytes ?? 0), 9 * 1024 * 1024 + (chunk?.offsetBytes ?? 0) + (chunk?.lengthBytes ?? 0)));
    expect(execFileSync('qemu-img', ['compare', '-f', 'raw', '-F', 'vhdx', join(folder, 'expected.img'), target()], { encoding: 'utf8' })).toContain('identical');
  });

  test('--dry-run says what would be done and does not', async () => {
    expect(await recover('--dry-run')).toMatchObject({ code: 0, json: { dryRun: true, mode: 'whole-image', refusal: null } });
    expect(() => statSync(target())).toThrow();
  });
});

describe('serve nbd', () => {
  let data: DataPlaneTwin;
  let point: MemoryPoint;
  beforeAll(async () => { point = new MemoryPoint([await makeSampleDisk()]); });
  beforeEach(async () => {
    data = await DataPlaneTwin.start(point);
    data.attach(twin.server);
    twin.answers.set('POST /api/v1/restores', () => ({ body: { v: 1, ...data.issueTicket(), manifest: point.manifest } }));
  });
  afterEach(async () => { await data.close(); });

  /** Runs the command, does `work` once it has said where it serves, then presses Ctrl-C. */
  async function serveWhile(argv: readonly string[], work: (json: Record<string, unknown>) => Promise<void>): Promise<{ code: number; err: string }> {
    const stop = new AbortController();
    let err = '';
    let said: (json: Record<string, unknown>) => void = () => undefined;
    const started = new Promise<Record<string, unknown>>((resolve) => { said = resolve; });
    const streams = { out: (text: string) => { said(JSON.parse(text) as Record<string, unknown>); }, err: (text: string) => { err += text; } };
    const running = runCli(['serve', 'nbd', 'web-1', ...argv, '--json'], { streams, signal: stop.signal, version: '0.1.0' });
    await work(await started);
    stop.abort();
    return { code: await running, err };
  }

  test.each([
    { name: 'a free TCP port', argv: () => ['--port', '0'] },
    { name: 'a unix socket', argv: () => ['--socket', join(folder, 'nbd.sock')] },
  ])('offers the disk on $name until Ctrl-C', async ({ argv }) => {
    const { code, err } = await serveWhile(argv(), async (json) => {
      expect(json).toMatchObject({ v: 1, export: 'sda', diskId: 'sda', pointId: point.manifest.pointId, sizeBytes: sampleDiskBytes, readOnly: true });
      const { stdout } = await promisify(execFile)('nbdinfo', ['--size', String(json['uri'])]);
      expect(Number(stdout)).toBe(sampleDiskBytes);
      // The ticket that came with the manifest is the only one that was used.
      expect(data.connections).toBeLessThanOrEqual(1);
    });
    expect({ code, err }).toEqual({ code: 0, err: 'Serving until Ctrl-C.\n' });
  });

  test.each([
    { name: 'a port and a socket', argv: ['--port', '1', '--socket', '/tmp/x'], code: 64, error: 'USAGE' },
    { name: 'a port that does not exist', argv: ['--port', '65536'], code: 64, error: 'USAGE' },
    { name: 'a disk that is not there', argv: ['--port', '0', '--disk', '7'], code: 1, error: 'DISK_NOT_IN_POINT' },
    { name: 'an address of another computer', argv: ['--port', '0', '--host', '192.0.2.1'], code: 1, error: 'NBD_LISTEN_FAILED' },
  ])('$name is refused', async ({ argv, code, error }) => {
    expect(await run('serve', 'nbd', 'web-1', ...argv, '--json')).toMatchObject({ code, json: { error: { code: error } } });
  });
});
