import type { StoreSettings } from '@lifeboat/model';
import { BlastRadius, restPaths, RetentionView, SettingsSaved } from '@lifeboat/protocol';
import { ChangeNotConfirmed, Usage } from '../../cli-errors.js';
import type { CommandContext } from '../../command-context.js';
import { exitCodes, type ExitCode } from '../../exit-codes.js';
import { parseDuration } from '../../parse-duration.js';
import { describeRadius } from './describe-plan.js';

/** Options of `retention settings`, as typed. */
export type SettingsOptions = Readonly<{ timeZone?: string; green?: string; yellow?: string; orange?: string; undelete?: string; confirm?: true }>;

/** Changes how the store keeps house; shows what would go before it takes effect. */
export async function setSettings(context: CommandContext, options: SettingsOptions): Promise<ExitCode> {
  const client = context.api();
  const current = await client.ask({ method: 'GET', path: restPaths.retention }, RetentionView);
  const settings = changeSettings(current.settings, options);
  const radius = await client.ask({ method: 'POST', path: restPaths.retentionSettingsBlastRadius, body: { settings } }, BlastRadius);
  if (radius.deleted.length > 0 && !options.confirm) {
    context.printer.note(describeRadius(radius));
    throw new ChangeNotConfirmed({ points: radius.deleted.length });
  }
  const saved = await client.ask({ method: 'PUT', path: restPaths.retentionSettings, body: { settings, confirm: radius.confirm } }, SettingsSaved);
  context.printer.result(saved, () => describeRadius(saved.radius));
  return exitCodes.ok;
}

function changeSettings(settings: StoreSettings, { timeZone, green, yellow, orange, undelete }: SettingsOptions): StoreSettings {
  if ([timeZone, green, yellow, orange, undelete].every((value) => value === undefined)) throw new Usage('nothing to change was named', 'See `lifeboat retention settings --help`.');
  return {
    ...settings, timeZone: timeZone ?? settings.timeZone, greenFreePercent: percentOf(green, '--green') ?? settings.greenFreePercent, yellowFreePercent: percentOf(yellow, '--yellow') ?? settings.yellowFreePercent,
    orangeFreePercent: percentOf(orange, '--orange') ?? settings.orangeFreePercent, undeleteMs: undelete === undefined ? settings.undeleteMs : parseDuration(undelete),
  };
}

function percentOf(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined;
  const percent = Number(text.replace(/%$/, ''));
  if (text.trim() === '' || !Number.isFinite(percent) || percent < 0 || percent > 90) throw new Usage(`${option} takes a number from 0 to 90, not "${text}"`);
  return percent;
}
