/** A request as handlers see it, and what they answer with. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';

export type Call = {
  readonly method: string;
  /** Decoded, without the query. */
  readonly path: string;
  /** The named parts of the route's path. */
  readonly parts: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The JSON of the body; refused when it is none, or too long. */
  readonly json: () => Promise<unknown>;
};

export type Headers = Readonly<Record<string, string | number>>;

export type Answer = {
  readonly status?: number;
  readonly headers?: Headers;
  readonly body: Uint8Array | string | Readable;
};

/** The handler writes to the response itself: server-sent events. */
export const taken = Symbol('taken');

export type Handler = (call: Call) => Promise<Answer | typeof taken> | Answer | typeof taken;

/** `path`: `/api/runs/:id/file/*path`; a star takes the rest, slashes included. */
export type Route = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly run: Handler;
};

const replacer = (_: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isFinite(value)
    ? Number.isNaN(value)
      ? 'NaN'
      : value > 0
        ? 'Infinity'
        : '-Infinity'
    : value;

/** NaN and the infinities are texts, as in JSON of protocol buffers. */
export const jsonText = (value: unknown): string => JSON.stringify(value, replacer);

export const json = (value: unknown, status = 200, headers: Headers = {}): Answer => ({
  status,
  headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
  body: jsonText(value),
});
