import { z } from 'zod';
import { ConfigInvalid } from '../cli-errors.js';

/** Where a setting came from, strongest first. */
export type Origin = 'flag' | 'environment' | 'user file' | 'system file' | 'default';

export type Setting<T> = Readonly<{ value: T; origin: Origin; where: string }>;

/** What the commands need to know before they talk to a server. */
export type Settings = Readonly<{ url: Setting<string>; token: Setting<string | null> }>;

/** User and system file; unknown keys are refused so that a typing error is noticed. */
export const SettingsFile = z.strictObject({ v: z.literal(1), url: z.url().max(2000).optional(), token: z.string().min(1).max(256).optional() });
export type SettingsFile = z.infer<typeof SettingsFile>;

/** One place that may set something, strongest first. */
export type SettingsSource = Readonly<{ origin: Origin; where: string; url: string | undefined; token: string | undefined }>;

export const defaultUrl = 'http://127.0.0.1:8420';

/**
 * Takes each setting from the first source that has it. Pure.
 * @throws ConfigInvalid (CONFIG_INVALID) the address is no http or https URL.
 */
export function mergeSettings(sources: readonly SettingsSource[]): Settings {
  const url = sources.find((source) => source.url !== undefined);
  const token = sources.find((source) => source.token !== undefined);
  return {
    url: { value: assertUrl(url?.url ?? defaultUrl, url?.where ?? 'built in'), origin: url?.origin ?? 'default', where: url?.where ?? 'built in' },
    token: { value: token?.token ?? null, origin: token?.origin ?? 'default', where: token?.where ?? 'built in' },
  };
}

function assertUrl(text: string, where: string): string {
  if (!URL.canParse(text) || !['http:', 'https:'].includes(new URL(text).protocol)) {
    throw new ConfigInvalid({ where, problem: 'the address of the server is no URL such as http://127.0.0.1:8420' });
  }
  return new URL(text).origin;
}
