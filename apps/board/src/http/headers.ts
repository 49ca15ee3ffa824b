/** Headers of every answer. */
import type { Headers } from './exchange.ts';

/** Scripts and styles come from this server only, pictures from it or from the page itself (downloads are drawn on a canvas). */
export const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

/** Files of a run may hold anything: they can do nothing, whatever they are. */
export const filePolicy = "default-src 'none'; sandbox";

export const always: Headers = {
  'content-security-policy': pagePolicy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'x-frame-options': 'DENY',
  'cache-control': 'no-store',
};
