/** The few requests of the MLflow tracking protocol that an uploader needs, with what came of them as values. */
import * as E from 'fp-ts/lib/Either.js';

export type Answered = Readonly<Record<string, unknown>>;

export type CallFault =
  /** No answer, or one that says to try again: the same request may be sent later. */
  | { readonly tag: 'later'; readonly what: string; readonly waitMs?: number }
  /** Too many points at once. */
  | { readonly tag: 'smaller'; readonly what: string }
  /** Sent again it would be refused again. */
  | { readonly tag: 'refused'; readonly what: string; readonly status: number };

export type Client = {
  readonly post: (path: string, body: unknown) => Promise<E.Either<CallFault, Answered>>;
  readonly get: (path: string, query: Readonly<Record<string, string>>) => Promise<E.Either<CallFault, Answered>>;
  /** A file among the artifacts; `address` is the run's `artifact_uri`. */
  readonly put: (address: string, path: string, content: string) => Promise<E.Either<CallFault, Answered>>;
};

export type ClientOptions = {
  /** `http://host:port` of an MLflow server, or of the board. */
  readonly url: string;
  readonly token?: string;
  /** For one request. Default 15 s. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
};

/** A server that is asked to do too much, is starting, or has no room for now. 401 and 403: a token may be put right. */
const laterStatuses: ReadonlySet<number> = new Set([401, 403, 408, 425, 429, 500, 502, 503, 504, 507]);

const faultOf = (status: number, text: string, after: string | null): CallFault => {
  const what = `${status}: ${text.slice(0, 300)}`;
  const seconds = Number(after ?? Number.NaN);
  if (status === 413) return { tag: 'smaller', what };
  if (laterStatuses.has(status) || status < 400) {
    return { tag: 'later', what, ...(seconds >= 0 && { waitMs: 1000 * seconds }) };
  }
  return { tag: 'refused', what, status };
};

const reasonOf = (thrown: unknown): string => {
  const { message, cause } = thrown as { readonly message?: string; readonly cause?: { readonly message?: string } };
  return [message ?? String(thrown), cause?.message].filter((part) => part).join(': ');
};

export const mlflowClient = ({ url, token, timeoutMs = 15_000, signal }: ClientOptions): Client => {
  const base = url.replace(/\/+$/, '');
  const authorization: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const call = async (method: string, path: string, body: string | undefined, type: string) => {
    const timeout = AbortSignal.timeout(timeoutMs);
    try {
      const response = await fetch(base + path, {
        method,
        headers: { ...authorization, accept: 'application/json', ...(body !== undefined && { 'content-type': type }) },
        ...(body !== undefined && { body }),
        // A login page of a proxy is no answer.
        redirect: 'manual',
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      });
      const text = await response.text();
      if (response.status !== 200) return E.left(faultOf(response.status, text, response.headers.get('retry-after')));
      const value: unknown = text === '' ? {} : JSON.parse(text);
      return typeof value === 'object' && value !== null
        ? E.right(value as Answered)
        : E.left<CallFault>({ tag: 'later', what: 'the answer is no JSON object' });
    } catch (thrown) {
      return E.left<CallFault>({ tag: 'later', what: reasonOf(thrown) });
    }
  };
  const api = '/api/2.0/mlflow/';
  return {
    post: (path, body) => call('POST', api + path, JSON.stringify(body), 'application/json'),
    get: (path, query) => call('GET', `${api}${path}?${new URLSearchParams(query)}`, undefined, ''),
    put: (address, path, content) => {
      const [, rest] = /^mlflow-artifacts:\/*(.*)$/.exec(address) ?? [];
      if (rest === undefined) {
        // A server that keeps artifacts elsewhere gives its clients no way through itself.
        return Promise.resolve(E.right({}));
      }
      // An address may name a host; the path begins behind it.
      const place = address.startsWith('mlflow-artifacts://') ? rest.replace(/^[^/]*\//, '') : rest;
      const target = [...place.split('/'), ...path.split('/')].map(encodeURIComponent).join('/');
      return call('PUT', `/api/2.0/mlflow-artifacts/artifacts/${target}`, content, 'application/octet-stream');
    },
  };
};
