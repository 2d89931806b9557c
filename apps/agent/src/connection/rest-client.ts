import { z } from 'zod';
import { seconds } from '@lifeboat/model';
import { Refusal } from '@lifeboat/protocol';
import { ServerAnswerInvalid, ServerRefused, ServerUnreachable } from '../errors/agent-errors.js';

const requestMsMax = seconds(30);
const answerBytesMax = 1024 * 1024;

/** Absolute address of a path on the server. */
export const urlOf = (serverUrl: string, path: string): URL => new URL(path, serverUrl.endsWith('/') ? serverUrl : `${serverUrl}/`);

/**
 * Posts JSON and parses the answer.
 * @throws ServerUnreachable (SERVER_UNREACHABLE), ServerRefused (the server's code), ServerAnswerInvalid (SERVER_ANSWER_INVALID).
 */
export async function postJson<T>(target: Readonly<{ serverUrl: string; path: string; signal?: AbortSignal }>, body: unknown, schema: z.ZodType<T>): Promise<T> {
  const timeout = AbortSignal.timeout(requestMsMax);
  let response: Response;
  let text: string;
  try {
    response = await fetch(urlOf(target.serverUrl, target.path), {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body), redirect: 'error',
      signal: target.signal ? AbortSignal.any([timeout, target.signal]) : timeout,
    });
    text = await response.text();
  } catch (error) {
    target.signal?.throwIfAborted();
    throw new ServerUnreachable({ serverUrl: target.serverUrl, reason: reasonOf(error) }, error);
  }
  return parseAnswer({ request: target.path, serverUrl: target.serverUrl, status: response.status, text }, schema);
}

function parseAnswer<T>(answer: Readonly<{ request: string; serverUrl: string; status: number; text: string }>, schema: z.ZodType<T>): T {
  const json = answer.text.length > answerBytesMax ? undefined : parseJson(answer.text);
  if (answer.status >= 200 && answer.status < 300) {
    const parsed = schema.safeParse(json);
    if (parsed.success) return parsed.data;
    throw new ServerAnswerInvalid({ request: answer.request, reason: z.prettifyError(parsed.error).slice(0, 300) });
  }
  const refusal = Refusal.safeParse(json);
  if (refusal.success) throw new ServerRefused(refusal.data);
  if (answer.status >= 500) throw new ServerUnreachable({ serverUrl: answer.serverUrl, reason: `HTTP ${String(answer.status)}` });
  throw new ServerAnswerInvalid({ request: answer.request, reason: `HTTP ${String(answer.status)}` });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // An answer that is no JSON fails the schema, and that is what is reported.
    return undefined;
  }
}

/** A short reason for people from whatever fetch or a socket threw. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? error.cause : error;
  return 'code' in cause && typeof cause.code === 'string' ? `${cause.code}${cause.message && cause.message !== cause.code ? ` (${cause.message})` : ''}` : cause.message;
}
