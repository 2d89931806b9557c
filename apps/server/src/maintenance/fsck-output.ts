import type { FsckDamage, FsckFinding, FsckProgress, FsckReport } from '@lifeboat/store';

const rowsShownMax = 50;
const filesShownMax = 3;

/** The report in the names of the command line's contract; times ISO 8601, offsets and lengths in bytes. */
export function fsckJson(report: FsckReport): Record<string, unknown> {
  const { storeId, readData, clean, damageTruncated, affectedPoints, checked, unreferenced } = report;
  return {
    v: 1, storeId, clean, readData, affectedPoints, damageTruncated, checked, unreferenced,
    damage: report.damage.map(({ machineId, computerName, pointId, createdAtMs, diskId, volumeId, offsetBytes, lengthBytes, diskOffsetBytes, structure, digest, detail, files }) => ({
      machineId, computer: computerName, pointId, createdAt: new Date(createdAtMs).toISOString(), diskId, volumeId, offset: offsetBytes, length: lengthBytes, diskOffset: diskOffsetBytes, structure, digest, detail,
      files: files?.map(({ path, fileOffsetBytes, extent }) => ({ path, offset: fileOffsetBytes, volumeOffset: extent.offsetBytes, length: extent.lengthBytes })) ?? null,
    })),
    findings: report.findings.map(({ severity, code, path, offsetBytes, lengthBytes, detail }) => ({ severity, code, path, offset: offsetBytes, length: lengthBytes, detail })),
  };
}

/** The report for people: what is lost of which restore point, then what is wrong in which file. */
export function fsckText(report: FsckReport): string {
  const { checked } = report;
  const looked = `${String(checked.points)} restore points, ${String(checked.chunks)} chunks and pages in ${String(checked.packs)} packs, ${String(checked.ledgerRecords)} ledger records`;
  const lines = [report.clean ? `Clean: ${looked}.` : `Damaged: ${String(report.affectedPoints)} of ${looked}.`];
  if (!report.readData) lines.push('Structures only; add --data to read and verify every chunk.');
  if (report.damage.length > 0) lines.push('', ...damageTable(report.damage), ...more(report.damage.length));
  const worth = report.findings.filter((finding) => finding.severity !== 'info');
  if (worth.length > 0) lines.push('', ...worth.slice(0, rowsShownMax).map(findingLine), ...more(worth.length));
  if (report.unreferenced.chunks > 0) lines.push('', `${String(report.unreferenced.chunks)} chunks with ${String(report.unreferenced.plainBytes)} bytes belong to no restore point: backups under way or given up.`);
  return lines.join('\n');
}

/** How far it is, for a line on stderr. */
export const progressText = ({ phase, done, total }: FsckProgress): string => `checking ${phase}: ${total === 0 ? '100' : String(Math.floor((done / total) * 100))} %`;

const titles = ['COMPUTER', 'POINT', 'CREATED', 'DISK', 'VOLUME', 'OFFSET', 'LENGTH', 'ON DISK AT', 'LOST', 'DETAIL', 'FILES'];

function damageTable(damage: readonly FsckDamage[]): string[] {
  const rows = damage.slice(0, rowsShownMax).map((entry) => [
    printable(entry.computerName ?? entry.machineId), entry.pointId, new Date(entry.createdAtMs).toISOString(), entry.diskId ?? 'all', entry.volumeId ?? 'all',
    String(entry.offsetBytes), String(entry.lengthBytes), String(entry.diskOffsetBytes), entry.structure, printable(entry.detail), fileNames(entry),
  ]);
  const widths = titles.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  return [titles, ...rows].map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd());
}

/** The first files of a range; names come from the backed up machine. */
function fileNames({ files }: FsckDamage): string {
  if (files === null) return '';
  const names = [...new Set(files.map(({ path }) => printable(path)))];
  return names.length > filesShownMax ? `${names.slice(0, filesShownMax).join(', ')} and ${String(names.length - filesShownMax)} more` : names.join(', ') || 'no file';
}

const findingLine = (finding: FsckFinding): string => `${finding.severity}: ${finding.code} ${printable(finding.path)} at ${String(finding.offsetBytes)} length ${String(finding.lengthBytes)}: ${printable(finding.detail)}`;
const more = (count: number): string[] => (count > rowsShownMax ? [`and ${String(count - rowsShownMax)} more, see --json`] : []);

/** Names come from machines; control characters could move the cursor. */
export const printable = (text: string): string => text.replaceAll(/\p{Cc}/gu, '\ufffd');
