import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ConfigInvalid } from '../cli-errors.js';
import { mergeSettings, SettingsFile, type Settings, type SettingsSource } from './settings.js';

const systemFile = '/etc/lifeboat/cli.json';

/** What the command line itself says; absent keys were not given. */
export type SettingsFlags = Readonly<{ url?: string | undefined; token?: string | undefined; tokenFile?: string | undefined }>;

/** The facts of the process that the commands depend on. Together with {@link loadSettings} the only look at the environment. */
export type Surroundings = Readonly<{ color: boolean; terminal: boolean; userFile: string }>;

/** Reads `NO_COLOR`, `TERM` and `XDG_CONFIG_HOME`. */
export function readSurroundings(): Surroundings {
  const { env } = process;
  const configHome = env['XDG_CONFIG_HOME'] === undefined || env['XDG_CONFIG_HOME'] === '' ? join(homedir(), '.config') : env['XDG_CONFIG_HOME'];
  return {
    color: process.stdout.isTTY && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb',
    terminal: process.stderr.isTTY,
    userFile: join(configHome, 'lifeboat', 'cli.json'),
  };
}

/**
 * The settings of this run: flag, then `LIFEBOAT_URL` and `LIFEBOAT_TOKEN` (or `LIFEBOAT_TOKEN_FILE`), then the user's file, then the system's, then defaults.
 *
 * @throws ConfigInvalid (CONFIG_INVALID) a file or an address cannot be understood.
 */
export function loadSettings(flags: SettingsFlags, userFile: string): Settings {
  const { env } = process;
  const flagToken = flags.tokenFile === undefined ? flags.token : readSecret(flags.tokenFile, '--token-file');
  const tokenFile = present(env['LIFEBOAT_TOKEN_FILE']);
  const envToken = present(env['LIFEBOAT_TOKEN']) ?? (tokenFile === undefined ? undefined : readSecret(tokenFile, 'LIFEBOAT_TOKEN_FILE'));
  const sources: SettingsSource[] = [
    { origin: 'flag', where: '--url, --token-file', url: flags.url, token: flagToken },
    { origin: 'environment', where: 'LIFEBOAT_URL, LIFEBOAT_TOKEN', url: present(env['LIFEBOAT_URL']), token: envToken },
    { origin: 'user file', where: userFile, ...readSettingsFile(userFile) },
    { origin: 'system file', where: systemFile, ...readSettingsFile(systemFile) },
  ];
  return mergeSettings(sources);
}

function readSettingsFile(path: string): Pick<SettingsSource, 'url' | 'token'> {
  const text = readIfPresent(path);
  if (text === null) return { url: undefined, token: undefined };
  try {
    const { url, token } = SettingsFile.parse(JSON.parse(text));
    return { url, token };
  } catch (cause) {
    throw new ConfigInvalid({ where: path, problem: 'the file is not what `lifeboat login` writes' }, cause);
  }
}

function readIfPresent(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    if (cause !== null && typeof cause === 'object' && 'code' in cause && (cause.code === 'ENOENT' || cause.code === 'ENOTDIR')) return null;
    throw new ConfigInvalid({ where: path, problem: 'the file cannot be read' }, cause);
  }
}

function readSecret(path: string, where: string): string {
  const text = readIfPresent(path)?.trim();
  if (text === undefined || text === '') throw new ConfigInvalid({ where: `${where} ${path}`, problem: 'the file holds no token' });
  return text;
}

const present = (text: string | undefined): string | undefined => (text === '' ? undefined : text);
