import { LvmSnapshotProvider } from './lvm-snapshot-provider.js';
import { runSystemCommand, type CommandResult } from './run-command.js';

const MIB = 1024 * 1024;
const ok = (stdout = ''): CommandResult => ({ exitCode: 0, stdout, stderr: '' });

/** As `lvs --reportformat json` of LVM 2.03 prints it. */
const report = (...volumes: Record<string, string>[]): CommandResult => ok(`  {\n      "report": [\n          {\n              "lv": [\n${volumes.map((volume) => `                  ${JSON.stringify(volume)}`).join(',\n')}\n              ]\n          }\n      ]\n      ,\n      "log": [\n      ]\n  }\n`);
const data = { vg_name: 'vg0', lv_name: 'data', lv_size: String(10_240 * MIB), vg_free: String(5120 * MIB), lv_attr: 'owi-aos---', origin: '', pool_lv: '', lv_tags: '', lv_path: '/dev/vg0/data' };
const snapshot = { ...data, lv_name: 'lifeboat-000000000000', lv_size: String(1024 * MIB), lv_attr: 'sri-a-s---', origin: 'data', lv_tags: 'lifeboat_agent', lv_path: '/dev/vg0/lifeboat-000000000000' };

function providerOf(answers: Record<string, CommandResult>): { provider: LvmSnapshotProvider; commands: string[] } {
  const commands: string[] = [];
  const run = (command: string, args: readonly string[]): Promise<CommandResult> => {
    const line = [command, ...args.filter((arg) => !arg.includes('vg_name,'))].join(' ');
    commands.push(line);
    const known = Object.entries(answers).find(([pattern]) => line.startsWith(command) && line.includes(pattern));
    return Promise.resolve(known?.[1] ?? ok());
  };
  return { provider: new LvmSnapshotProvider(run, { bytes: (count) => new Uint8Array(count) }), commands };
}

test('takes a read-only snapshot with a tenth of the volume as room, and removes it', async () => {
  const { provider, commands } = providerOf({ '-o /dev/vg0/data': report(data), '-o vg0/lifeboat-': report(snapshot), '-o vg0': report(data) });
  const taken = await provider.take('/dev/vg0/data');
  expect(taken?.path).toBe('/dev/vg0/lifeboat-000000000000');
  expect(commands.at(-1)).toBe('lvcreate --yes --snapshot --name lifeboat-000000000000 --addtag lifeboat_agent --permission r --size 1024m vg0/data');
  await taken?.assertValid();
  await taken?.release();
  expect(commands.at(-1)).toBe('lvremove --force --yes vg0/lifeboat-000000000000');
});

test('a thin volume needs no room', async () => {
  const { provider, commands } = providerOf({ '-o /dev/vg0/thin': report({ ...data, lv_name: 'thin', pool_lv: 'pool', lv_attr: 'Vwi-aotz--', vg_free: '0' }), '-o vg0': report(data) });
  await provider.take('/dev/vg0/thin');
  expect(commands.at(-1)).toBe('lvcreate --yes --snapshot --name lifeboat-000000000000 --addtag lifeboat_agent --setactivationskip n vg0/thin');
});

test('without room in the volume group it says so and makes nothing', async () => {
  const { provider, commands } = providerOf({ '-o /dev/vg0/data': report({ ...data, vg_free: String(63 * MIB) }), '-o vg0': report(data) });
  await expect(provider.take('/dev/vg0/data')).rejects.toMatchObject({ code: 'SNAPSHOT_NO_SPACE' });
  expect(commands.some((command) => command.startsWith('lvcreate'))).toBe(false);
});

test('removes only its own leftovers of the same volume', async () => {
  const left = { ...snapshot, lv_name: 'lifeboat-old' };
  const others = [{ ...left, lv_name: 'lifeboat-of-other', origin: 'other' }, { ...left, lv_name: 'lifeboat-untagged', lv_tags: '' }, { ...left, lv_name: 'users-own', lv_tags: 'lifeboat_agent' }];
  const { provider, commands } = providerOf({ '-o /dev/vg0/data': report(data), '-o vg0': report(data, left, ...others) });
  await provider.take('/dev/vg0/data');
  expect(commands.filter((command) => command.startsWith('lvremove'))).toEqual(['lvremove --force --yes vg0/lifeboat-old']);
});

test('a snapshot that overflowed is not to be used', async () => {
  const { provider } = providerOf({ '-o /dev/vg0/data': report(data), '-o vg0/lifeboat-': report({ ...snapshot, lv_attr: 'sri-I-s---' }), '-o vg0': report(data) });
  const taken = await provider.take('/dev/vg0/data');
  await expect(taken?.assertValid()).rejects.toMatchObject({ code: 'SNAPSHOT_OVERFLOWED' });
});

test.each([
  { name: 'not a logical volume', answer: { exitCode: 5, stdout: '', stderr: '  "/dev/sda": is not a logical volume.' } },
  { name: 'no LVM installed', answer: { exitCode: null, stdout: '', stderr: 'spawn lvs ENOENT' } },
])('$name: not its kind of volume', async ({ answer }) => {
  expect(await providerOf({ '/dev/sda': answer }).provider.take('/dev/sda')).toBeNull();
});

test('a failing tool is reported with its last words', async () => {
  const { provider } = providerOf({ '-o /dev/vg0/data': report(data), '-o vg0': report(data), '--snapshot': { exitCode: 5, stdout: '', stderr: '  Volume group "vg0" is locked' } });
  await expect(provider.take('/dev/vg0/data')).rejects.toMatchObject({ code: 'SNAPSHOT_FAILED', details: { command: 'lvcreate', stderr: 'Volume group "vg0" is locked' } });
});

test('runs programs and tells a missing one from a failing one', async () => {
  expect(await runSystemCommand('sh', ['-c', 'echo out; echo err >&2; exit 3'])).toEqual({ exitCode: 3, stdout: 'out\n', stderr: 'err\n' });
  expect((await runSystemCommand('lifeboat-no-such-program', [])).exitCode).toBeNull();
});
