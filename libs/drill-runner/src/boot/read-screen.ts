import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { seconds } from '@lifeboat/model';

/** Reads the text off a picture of a screen; an empty text when there is none or nobody can read it. */
export type ReadScreen = (pngPath: string) => Promise<string>;

const textBytesMax = 256 * 1024;

/**
 * Reads screens with tesseract, in a process of its own with little time. A picture that cannot be read gives no text: the boot is then judged by what else there is.
 */
export const readScreenWithTesseract: ReadScreen = async (pngPath) => {
  try {
    const { stdout } = await promisify(execFile)('tesseract', [pngPath, '-', '--psm', '6'], { timeout: seconds(20), maxBuffer: textBytesMax, env: { PATH: '/usr/local/bin:/usr/bin:/bin', OMP_THREAD_LIMIT: '1' } });
    return stdout;
  } catch {
    return '';
  }
};
