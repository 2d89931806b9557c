import { readFileSync } from 'node:fs';
import { ConfigInvalid } from './config-errors.js';
import { parseServerConfig, type ServerConfig, type ServerFlags } from './server-config.js';

/**
 * The configuration of this process. The only place that looks at the environment.
 *
 * @throws ConfigInvalid (CONFIG_INVALID)
 */
export function loadServerConfig(flags: ServerFlags): ServerConfig {
  return parseServerConfig(flags, process.env, (path) => {
    try {
      return readFileSync(path, 'utf8');
    } catch (cause) {
      throw new ConfigInvalid([`the secret file ${path} cannot be read`], cause);
    }
  });
}
