/** Request bodies, no longer than allowed. */
import type { IncomingMessage } from 'node:http';
import { Transform } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { refuse } from '../fault.ts';

/** MLflow says that a request is 1 MB at most; its clients do not all keep to it. */
export const maxJsonBytes = 4 << 20;

/** Ends with a refusal beyond `max` bytes, compressed or not. */
export const limitedTo = (max: number): Transform => {
  let bytes = 0;
  return new Transform({
    transform(chunk: Uint8Array, _, next) {
      bytes += chunk.length;
      if (bytes <= max) {
        next(null, chunk);
        return;
      }
      try {
        refuse('too-large', `the body is longer than ${max} bytes`);
      } catch (error) {
        next(error as Error);
      }
    },
  });
};

export const bodyOf = (request: IncomingMessage, max: number): Transform => {
  if (Number(request.headers['content-length'] ?? 0) > max) refuse('too-large', `the body is longer than ${max} bytes`);
  const limit = limitedTo(max);
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'gzip' && encoding !== 'identity') {
    refuse('invalid', `content-encoding: found ${JSON.stringify(encoding)}, expected gzip or none`);
  }
  const pass = (error: Error): void => {
    limit.destroy(error);
  };
  request.on('error', pass);
  request.on('aborted', () => pass(new Error('the client went away')));
  if (encoding !== 'gzip') return request.pipe(limit);
  return request.pipe(createGunzip().on('error', () => pass(new SyntaxError('the body is no gzip')))).pipe(limit);
};

export const textBody = async (request: IncomingMessage): Promise<string> => {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of bodyOf(request, maxJsonBytes)) chunks.push(chunk as Uint8Array);
  } catch (error) {
    if (error instanceof SyntaxError) return refuse('invalid', error.message);
    throw error;
  }
  return Buffer.concat(chunks).toString('utf8');
};

/** An empty body is an empty object. */
export const jsonBody = async (request: IncomingMessage): Promise<unknown> => {
  const text = await textBody(request);
  if (text.trim() === '') return {};
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return refuse('invalid', 'the body is not JSON');
  }
};
