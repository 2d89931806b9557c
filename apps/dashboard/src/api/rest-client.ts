import { Refusal } from '@lifeboat/protocol';
import type { z } from 'zod';
import { AnswerUnreadable, RequestRefused, ServerUnreachable } from './request-errors.js';

type Method = 'GET' | 'POST' | 'PUT';

/**
 * Fetches `path` and parses the answer.
 *
 * @throws RequestRefused (REQUEST_REFUSED) with the server's own code and words.
 * @throws ServerUnreachable (SERVER_UNREACHABLE) no answer came.
 * @throws AnswerUnreadable (ANSWER_UNREADABLE) the answer does not match `schema`.
 */
export async function getJson<Schema extends z.ZodType>(path: string, schema: Schema, signal?: AbortSignal): Promise<z.infer<Schema>> {
  const response = await request('GET', path, signal === undefined ? {} : { signal });
  return parseAnswer(response, path, schema);
}

/** Sends `body` as JSON and returns the parsed answer; same errors as {@link getJson}. */
export async function sendJson<Schema extends z.ZodType>(target: Readonly<{ method: 'POST' | 'PUT'; path: string }>, body: unknown, schema: Schema): Promise<z.infer<Schema>> {
  const response = await request(target.method, target.path, { body });
  return parseAnswer(response, target.path, schema);
}

/** Sends `body` as JSON and needs no answer but success; same errors as {@link getJson}. */
export async function send(target: Readonly<{ method: 'POST' | 'PUT'; path: string }>, body: unknown): Promise<void> {
  await request(target.method, target.path, { body });
}

/** Fills the `:name` parts of a path. */
export function fillPath(path: string, parts: Readonly<Record<string, string>>): string {
  return path.replace(/:([a-zA-Z]+)/g, (_, name: string) => encodeURIComponent(parts[name] ?? ''));
}

async function request(method: Method, path: string, options: Readonly<{ body?: unknown; signal?: AbortSignal }>): Promise<Response> {
  const response = await fetch(path, {
    method,
    credentials: 'same-origin',
    headers: { accept: 'application/json', ...(options.body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  }).catch((error: unknown) => {
    throw new ServerUnreachable(error);
  });
  if (response.ok) return response;
  const refusal = Refusal.safeParse(await response.json().catch(() => null));
  if (refusal.success) throw new RequestRefused(response.status, refusal.data);
  if (response.status === 401) throw new RequestRefused(401, { ok: false, code: 'NOT_LOGGED_IN', message: 'Log in first', remedy: null, retry: 'never' });
  if (response.status >= 502) throw new ServerUnreachable(response.status);
  throw new AnswerUnreadable({ path, status: response.status });
}

async function parseAnswer<Schema extends z.ZodType>(response: Response, path: string, schema: Schema): Promise<z.infer<Schema>> {
  const body: unknown = await response.json().catch((error: unknown) => {
    throw new AnswerUnreadable({ path, status: response.status }, error);
  });
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw new AnswerUnreadable({ path, status: response.status }, parsed.error);
  return parsed.data;
}
