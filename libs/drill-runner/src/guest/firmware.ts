import { access } from 'node:fs/promises';
import { DrillToolMissing } from '../errors.js';

/** UEFI firmware for guests as the distributions install it: code, and a template of its variables. */
const places = [
  { codePath: '/usr/share/OVMF/OVMF_CODE_4M.fd', varsTemplatePath: '/usr/share/OVMF/OVMF_VARS_4M.fd' },
  { codePath: '/usr/share/OVMF/OVMF_CODE.fd', varsTemplatePath: '/usr/share/OVMF/OVMF_VARS.fd' },
  { codePath: '/usr/share/edk2/ovmf/OVMF_CODE.fd', varsTemplatePath: '/usr/share/edk2/ovmf/OVMF_VARS.fd' },
  { codePath: '/usr/share/edk2/x64/OVMF_CODE.4m.fd', varsTemplatePath: '/usr/share/edk2/x64/OVMF_VARS.4m.fd' },
] as const;

export type UefiFirmware = Readonly<{ codePath: string; varsTemplatePath: string }>;

/** @throws DrillToolMissing (DRILL_TOOL_MISSING) no firmware is installed. */
export async function uefiFirmware(): Promise<UefiFirmware> {
  for (const place of places) if (await isReadable(place)) return place;
  throw new DrillToolMissing({ program: 'OVMF', package: 'ovmf' });
}

async function isReadable({ codePath, varsTemplatePath }: UefiFirmware): Promise<boolean> {
  return Promise.all([access(codePath), access(varsTemplatePath)]).then(() => true, () => false);
}
