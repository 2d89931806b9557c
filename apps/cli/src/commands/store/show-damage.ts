import { DamageView, restPaths } from '@lifeboat/protocol';
import type { CommandContext } from '../../command-context.js';
import { exitCodes, type ExitCode } from '../../exit-codes.js';
import { formatBytes, shortId } from '../../output/format.js';
import { formatTable } from '../../output/format-table.js';

/** Lists what is known to be lost: computer, point, volume, offset, length, and the files where they are known. */
export async function showDamage({ api, printer }: CommandContext): Promise<ExitCode> {
  const view = await api().ask({ method: 'GET', path: restPaths.storeDamage }, DamageView);
  printer.result(view, () =>
    view.ranges.length === 0 ? 'Nothing is known to be lost.' : formatTable(view.ranges, [
      { title: 'COMPUTER', of: (range) => range.computer }, { title: 'POINT', of: (range) => shortId(range.pointId) }, { title: 'VOLUME', of: (range) => range.volumeId ?? 'the whole point' },
      { title: 'OFFSET', of: (range) => String(range.offset), right: true }, { title: 'LENGTH', of: (range) => formatBytes(range.length), right: true },
      { title: 'FILES', of: (range) => range.files?.map((file) => file.path).join(', ') ?? 'not known' },
    ]));
  if (view.truncated) printer.note('There is more than this list holds.');
  return view.ranges.length === 0 ? exitCodes.ok : exitCodes.verificationFailed;
}
