import { seconds } from '@lifeboat/model';
import { Refusal } from '@lifeboat/protocol';
import type { z } from 'zod';
import { AnswerInvalid, NotLoggedIn, RefusedByServer, ServerUnreachable } from '../cli-errors.js';

const answerMsMax = seconds(60);

export type ApiRequest = Readonly<{
  method: 'GET' | 'POST' | 'PUT';
  /** One of `restPaths`; `:name` parts are filled from `parts`. */
  path: string;
  parts?: Readonly<Record<string, string>>;
  query?: Readonly<Record<string, string>>;
  body?: unknown;
}>;

/** Talks to the REST interface of one server as one operator. */
export class ApiClient {
  constructor(private readonly server: Readonly<{ url: string; token: string | null; signal: AbortSignal }>) {}

  get url(): string {
    return this.server.url;
  }

  /**
   * Asks and parses the answer.
   *
   * @throws NotLoggedIn (NOT_LOGGED_IN), ServerUnreachable (SERVER_UNREACHABLE), RefusedByServer (the server's code), AnswerInvalid (SERVER_ANSWER_INVALID).
   */
  async ask<S extends z.ZodType>(request: ApiRequest, answer: S): Promise<z.infer<S>> {
    if (this.server.token === null) throw new NotLoggedIn();
    const url = addressOf(this.server.url, request);
    const response = await this.fetch(url, request);
    const json = await readJson(response, url);
    if (!response.ok) throw refusalIn(json, response.status, url);
    const parsed = answer.safeParse(json);
    if (!parsed.success) throw new AnswerInvalid({ url: url.origin, status: response.status, problem: parsed.error.issues[0]?.message ?? 'unknown' }, parsed.error);
    return parsed.data;
  }

  private async fetch(url: URL, { method, body }: ApiRequest): Promise<Response> {
    const signal = AbortSignal.any([this.server.signal, AbortSignal.timeout(answerMsMax)]);
    try {
      return await fetch(url, {
        method, signal, redirect: 'error',
        headers: { authorization: `Bearer ${this.server.token ?? ''}`, accept: 'application/json', ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    } catch (error) {
      this.server.signal.throwIfAborted();
      throw new ServerUnreachable({ url: url.origin, reason: reasonOf(error) }, error);
    }
  }
}

/** The address of a request; parts are percent-encoded, so that a computer named `a/b` stays one part. */
export function addressOf(server: string, { path, parts = {}, query = {} }: ApiRequest): URL {
  const filled = path.replaceAll(/:([a-zA-Z]+)/g, (_, name: string) => encodeURIComponent(parts[name] ?? ''));
  const url = new URL(filled, server);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url;
}

async function readJson(response: Response, url: URL): Promise<unknown> {
  try {
    return await response.json();
  } catch (error) {
    throw new AnswerInvalid({ url: url.origin, status: response.status, problem: 'it is not JSON' }, error);
  }
}

function refusalIn(json: unknown, status: number, url: URL): RefusedByServer | AnswerInvalid {
  const parsed = Refusal.safeParse(json);
  return parsed.success ? new RefusedByServer(parsed.data, { status }) : new AnswerInvalid({ url: url.origin, status, problem: 'it is no refusal' });
}

/** What the system said, e.g. ECONNREFUSED; fetch hides it in the cause. */
function reasonOf(error: unknown): string {
  const cause = error !== null && typeof error === 'object' && 'cause' in error ? error.cause : error;
  if (cause !== null && typeof cause === 'object' && 'code' in cause && typeof cause.code === 'string') return cause.code;
  return cause !== null && typeof cause === 'object' && 'name' in cause && cause.name === 'TimeoutError' ? 'no answer in time' : 'no connection';
}
