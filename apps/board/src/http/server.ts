/** The collector's HTTP server: guards, routes, and one place where faults become answers. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createGzip, gzip } from 'node:zlib';
import { answers, type BoardFault, faultOf, Refusal } from '../fault.ts';
import { jsonBody } from './body.ts';
import { type Answer, type Call, type Headers, json, type Route, taken } from './exchange.ts';
import type { Guard } from './guard.ts';
import { always } from './headers.ts';
import { router } from './router.ts';

const compress = promisify(gzip);
/** Shorter ones gain nothing. */
const compressed = 1400;
const compressible = /json|text|javascript|svg/;

export type ServerOptions = {
  readonly routes: readonly Route[];
  /** Answered without a token: the page that asks for it. */
  readonly open: readonly Route[];
  readonly guard: Guard;
  /** What the collector could not do, for whoever runs it. */
  readonly tell: (text: string) => void;
};

const faultAnswer = (fault: BoardFault): Answer => {
  const [status, code] = answers[fault.tag];
  const more: Headers = {
    ...(fault.tag === 'too-many' && { 'retry-after': 1 }),
    ...(fault.tag === 'unauthorized' && { 'www-authenticate': 'Bearer' }),
  };
  return json({ error_code: code, message: fault.what }, status, more);
};

/** Decoded once; what cannot be is no path. */
const pathOf = (url: string): { readonly path: string; readonly query: URLSearchParams } => {
  const at = url.indexOf('?');
  const [raw, query] = at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)];
  try {
    const path = decodeURIComponent(raw);
    if (path.startsWith('/') && !path.includes('\0')) return { path, query: new URLSearchParams(query) };
  } catch {
    // Falls through.
  }
  throw new Refusal({ tag: 'invalid', what: 'the path is not valid' });
};

const send = async (request: IncomingMessage, response: ServerResponse, answer: Answer): Promise<void> => {
  const { status = 200, headers = {}, body } = answer;
  const accepts = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
  const type = String(headers['content-type'] ?? '');
  const zip = accepts && compressible.test(type) && headers['content-encoding'] === undefined;
  for (const [name, value] of Object.entries({ ...always, ...headers })) response.setHeader(name, value);
  response.statusCode = status;
  if (body instanceof Readable) {
    if (request.method === 'HEAD') {
      body.destroy();
      response.end();
    } else if (zip) {
      response.removeHeader('content-length');
      response.setHeader('content-encoding', 'gzip');
      await pipeline(body, createGzip(), response);
    } else await pipeline(body, response);
    return;
  }
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  const small = zip && bytes.length > compressed ? await compress(bytes, { level: 4 }) : bytes;
  if (small !== bytes) response.setHeader('content-encoding', 'gzip');
  if (accepts) response.setHeader('vary', 'accept-encoding');
  response.setHeader('content-length', small.length);
  response.end(request.method === 'HEAD' ? undefined : small);
};

export const boardServer = ({ routes, open, guard, tell }: ServerOptions): Server => {
  const find = router(routes);
  const findOpen = router(open);

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<Answer | typeof taken> => {
    const refused = guard.check(request);
    if (refused) return faultAnswer(refused);
    const { path, query } = pathOf(request.url ?? '/');
    const method = request.method ?? 'GET';
    const call = (parts: Call['parts']): Call => ({
      method,
      path,
      query,
      parts,
      request,
      response,
      json: () => jsonBody(request),
    });
    const public_ = findOpen(method, path);
    if (public_.tag === 'found') return public_.run(call(public_.parts));
    const found = find(method, path);
    if (!guard.knows(request)) {
      if (found.tag === 'found' && path === '/') return { status: 303, headers: { location: '/login' }, body: '' };
      return faultAnswer({ tag: 'unauthorized', what: 'a token is needed: Authorization: Bearer <token>' });
    }
    if (found.tag === 'none') return faultAnswer({ tag: 'missing', what: `there is nothing at ${path.slice(0, 200)}` });
    if (found.tag === 'method') {
      const refusal = faultAnswer({
        tag: 'method',
        what: `${method.slice(0, 20)} is not one of ${found.allowed.join(', ')}`,
      });
      return { ...refusal, headers: { ...refusal.headers, allow: found.allowed.join(', ') } };
    }
    return found.run(call(found.parts));
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let given: Answer | typeof taken;
    try {
      given = await answer(request, response);
    } catch (error) {
      const fault = faultOf(error);
      if (fault.tag === 'broken' && !request.destroyed) {
        tell(
          `${request.method} ${request.url?.slice(0, 200)}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
        );
      }
      if (fault.tag === 'full') tell(`${request.method} ${request.url?.slice(0, 200)}: no room left`);
      given = faultAnswer(fault);
    }
    if (given === taken) return;
    // A body that nobody has read would be taken for the next request.
    if (!request.complete) response.setHeader('connection', 'close');
    try {
      await send(request, response, given);
    } catch {
      response.destroy();
    }
    if (!request.complete) request.resume();
  };

  const server = createServer(
    { maxHeaderSize: 32 << 10, requestTimeout: 120_000, headersTimeout: 15_000, keepAliveTimeout: 65_000 },
    (request, response) => {
      response.on('error', () => {});
      void handle(request, response);
    },
  );
  server.maxConnections = 2000;
  server.on('clientError', (_, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n');
    else socket.destroy();
  });
  return server;
};
