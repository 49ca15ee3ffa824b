/** The page's three files. */
import { gzipSync } from 'node:zlib';
import type { Call, Route } from '../http/exchange.ts';
import { pageFiles } from './page-files.ts';

const types = { html: 'text/html', js: 'text/javascript', css: 'text/css' } as const;

export const pageRoutes = (): readonly Route[] => {
  const zipped = new Map<string, Uint8Array>();
  const file =
    (name: 'html' | 'js' | 'css') =>
    async ({ request }: Call) => {
      const { [name]: text, tag } = await pageFiles();
      const etag = `"${name}-${tag}"`;
      const headers = { 'content-type': `${types[name]}; charset=utf-8`, 'cache-control': 'no-cache', etag };
      if (request.headers['if-none-match'] === etag) return { status: 304, headers, body: '' };
      if (!/\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))) return { headers, body: text };
      const small = zipped.get(name) ?? gzipSync(text, { level: 9 });
      zipped.set(name, small);
      return { headers: { ...headers, 'content-encoding': 'gzip' }, body: small };
    };
  return [
    { method: 'GET', path: '/', run: file('html') },
    { method: 'GET', path: '/board.js', run: file('js') },
    { method: 'GET', path: '/board.css', run: file('css') },
    { method: 'GET', path: '/favicon.ico', run: () => ({ status: 204, body: '' }) },
  ];
};
