import { z } from 'zod';

const bytes = z.string().regex(/^\d+$/).transform(Number);

/** One logical volume as `lvs` reports it. */
const LogicalVolume = z.object({
  vg_name: z.string().min(1), lv_name: z.string().min(1), lv_size: bytes, vg_free: bytes, lv_attr: z.string().min(5), origin: z.string(), pool_lv: z.string(), lv_tags: z.string(), lv_path: z.string(),
});
export type LogicalVolume = z.infer<typeof LogicalVolume>;

const Report = z.object({ report: z.array(z.object({ lv: z.array(LogicalVolume) })) });

/** Arguments with which `lvs` prints what {@link parseLvsReport} reads. @see lvmreport(7), section "JSON". */
export const lvsArgs = ['--reportformat', 'json', '--units', 'b', '--nosuffix', '-o', 'vg_name,lv_name,lv_size,vg_free,lv_attr,origin,pool_lv,lv_tags,lv_path'] as const;

/** The logical volumes in the output of `lvs`, or null when it is something else. */
export function parseLvsReport(output: string): LogicalVolume[] | null {
  try {
    return Report.parse(JSON.parse(output)).report.flatMap((part) => part.lv);
  } catch {
    // Whatever it is, it is no report; the caller says so with the command it ran.
    return null;
  }
}

/** Fifth attribute: `I` invalid snapshot, `S` invalid suspended snapshot, `F` merge failed. @see lvs(8), "lv_attr bits". */
export const isInvalidSnapshot = (volume: LogicalVolume): boolean => ['I', 'S', 'F'].includes(volume.lv_attr.charAt(4));
