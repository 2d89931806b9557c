import type { Command } from 'commander';
import type { z } from 'zod';
import { ComputerList, restPaths, VersionList, type Computer } from '@lifeboat/protocol';
import { computerPart } from '../../api/find-computer.js';
import type { Bind, CommandContext } from '../../command-context.js';
import { exitCodes, type ExitCode } from '../../exit-codes.js';
import { formatAgo, formatBytes, quoted, shortId } from '../../output/format.js';
import { formatTable } from '../../output/format-table.js';
import { paintState } from '../../output/paint-state.js';
import { getItems } from './get-items.js';

type Version = z.infer<typeof VersionList>['versions'][number];

/** Adds `get computers`, `get versions` and `get items`. */
export function addGetCommands(program: Command, bind: Bind): void {
  const get = program.command('get').description('look at computers and their restore points');
  get.command('computers').description('every computer with its state and the reason').action(bind(getComputers));
  get.command('versions').argument('<computer>', 'name or id').description('the restore points of a computer, newest first').action(bind(getVersions));
  get.command('items').argument('<computer>', 'name or id').description('disks, layout and volumes of a restore point')
    .option('--version <version>', 'id, unique prefix or latest', 'latest')
    .action(bind(getItems));
}

async function getComputers({ api, printer, clock }: CommandContext): Promise<ExitCode> {
  const list = await api().ask({ method: 'GET', path: restPaths.computers }, ComputerList);
  const nowMs = clock.nowMs();
  printer.result(list, () =>
    list.computers.length === 0 ? 'No computer is enrolled yet.' : formatTable<Computer>(list.computers, [
      { title: 'NAME', of: (computer) => computer.name },
      { title: 'STATE', of: (computer) => computer.state },
      { title: 'LAST POINT', of: (computer) => formatAgo(computer.lastPointAt, nowMs) },
      { title: 'PROVEN', of: (computer) => (computer.lastProof ? `L${String(computer.lastProof.level)} ${formatAgo(computer.lastProof.at, nowMs)}` : 'never') },
      { title: 'POINTS', of: (computer) => String(computer.points), right: true },
      { title: 'ONLINE', of: (computer) => (computer.online ? 'yes' : 'no') },
      { title: 'REASON', of: (computer) => computer.reason },
    ]).replaceAll(/^.*$/gm, (line) => paintState(line, printer.options.color)));
  if (list.computers.length === 0) printer.next('lifeboat enrol token create');
  return exitCodes.ok;
}

async function getVersions({ api, printer, clock }: CommandContext, computer: string): Promise<ExitCode> {
  const client = api();
  const list = await client.ask({ method: 'GET', path: restPaths.versions, parts: { computer: await computerPart(client, computer) } }, VersionList);
  const nowMs = clock.nowMs();
  printer.result(list, () =>
    list.versions.length === 0 ? `${list.computer} has no restore point yet.` : formatTable<Version>(list.versions, [
      { title: 'VERSION', of: (version) => shortId(version.id) },
      { title: 'CREATED', of: (version) => version.createdAt },
      { title: 'AGE', of: (version) => formatAgo(version.createdAt, nowMs) },
      { title: 'KIND', of: (version) => version.kind },
      { title: 'CONSISTENCY', of: (version) => version.consistency },
      { title: 'STATE', of: (version) => version.state },
      { title: 'USED', of: (version) => formatBytes(version.bytes.used), right: true },
      { title: 'CHANGED', of: (version) => formatBytes(version.bytes.changed), right: true },
      { title: 'STORED', of: (version) => formatBytes(version.bytes.stored), right: true },
      { title: 'UNIQUE', of: (version) => (version.bytes.unique === null ? '?' : formatBytes(version.bytes.unique)), right: true },
      { title: 'PROVEN', of: (version) => (version.proof ? `L${String(version.proof.level)}` : '') },
      { title: 'KEPT', of: (version) => (version.deleted ? `deleted, until ${version.deleted.purgeAfter}` : typeof version.goes === 'string' ? `goes: ${version.goes}` : version.kept.join(', ')) },
    ]));
  if (list.versions.length === 0) printer.next(`lifeboat start backup ${quoted(computer)} --wait`);
  return exitCodes.ok;
}
