import { Usage } from './cli-errors.js';

/**
 * A whole number from `min` (default 1) on.
 * @throws Usage (USAGE) anything else; `option` names the culprit.
 */
export function parseCount(text: string, option: string, min = 1): number {
  const count = Number(text);
  if (!/^\d{1,15}$/.test(text) || count < min) throw new Usage(`${option} takes a whole number from ${String(min)} on, not "${text}"`);
  return count;
}
