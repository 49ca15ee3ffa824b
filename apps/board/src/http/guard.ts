/** Who may speak to the collector: the right token, from no other web page, not too often. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { BoardFault } from '../fault.ts';

const digest = (text: string): Uint8Array => createHash('sha256').update(text).digest();

/** Takes as long for a wrong token as for the right one, whatever its length. */
export const sameToken = (given: string, token: string): boolean => timingSafeEqual(digest(given), digest(token));

export const cookieName = 'gdarknet_board';

/** `Authorization: Bearer` (MLFLOW_TRACKING_TOKEN), the password of `Basic` (MLFLOW_TRACKING_PASSWORD), or the page's cookie. */
export const tokenOf = ({ headers }: IncomingMessage): string | undefined => {
  const [scheme = '', word = ''] = (headers.authorization ?? '').split(' ');
  if (/^bearer$/i.test(scheme)) return word;
  if (/^basic$/i.test(scheme)) {
    const pair = Buffer.from(word, 'base64').toString('utf8');
    return pair.slice(pair.indexOf(':') + 1);
  }
  const cookie = (headers.cookie ?? '').split(/;\s*/).find((one) => one.startsWith(`${cookieName}=`));
  if (cookie === undefined) return undefined;
  try {
    return decodeURIComponent(cookie.slice(cookieName.length + 1));
  } catch {
    return undefined;
  }
};

export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));

const hostName = (host: string): string =>
  host
    .replace(/:\d+$/, '')
    .replace(/^\[|\]$/g, '')
    .toLowerCase();

export type GuardOptions = {
  /** The address that the server is bound to. */
  readonly host: string;
  readonly token?: string;
  /** Requests a second from one address, and how many may come at once. */
  readonly rate: number;
  readonly burst: number;
};

type Bucket = { level: number; at: number };

/** Addresses remembered; when there are more the oldest are forgotten. */
const buckets = 10_000;

export const guard = ({ host, token, rate, burst }: GuardOptions, now: () => number = () => performance.now()) => {
  const levels = new Map<string, Bucket>();
  const overflows = (address: string): boolean => {
    const at = now();
    const bucket = levels.get(address) ?? { level: burst, at };
    const level = Math.min(burst, bucket.level + ((at - bucket.at) * rate) / 1000);
    levels.delete(address);
    levels.set(address, { level: Math.max(0, level - 1), at });
    if (levels.size > buckets) levels.delete(levels.keys().next().value as string);
    return level < 1;
  };
  /** The reason to refuse before anything is read; undefined to go on. */
  const check = (request: IncomingMessage): BoardFault | undefined => {
    const { headers, socket } = request;
    if (overflows(socket.remoteAddress ?? '')) {
      return { tag: 'too-many', what: `more than ${rate} requests a second from one address; send this again later` };
    }
    // A name that somebody else's DNS points here must not make this server that page's own (DNS rebinding).
    const named = hostName(headers.host ?? '');
    if (token === undefined && isLoopback(host) && !isLoopback(named)) {
      return { tag: 'forbidden', what: `Host: found ${JSON.stringify(named.slice(0, 80))}, expected localhost` };
    }
    const { origin } = headers;
    if (origin !== undefined && origin.replace(/^https?:\/\//, '') !== headers.host) {
      return { tag: 'forbidden', what: 'requests of other web pages are refused' };
    }
    if (headers['sec-fetch-site'] === 'cross-site' && headers['sec-fetch-mode'] !== 'navigate') {
      return { tag: 'forbidden', what: 'requests of other web pages are refused' };
    }
    return undefined;
  };
  /** True when no token is asked for. */
  const knows = (request: IncomingMessage): boolean => token === undefined || sameToken(tokenOf(request) ?? '', token);
  return { check, knows, matches: (given: string): boolean => token !== undefined && sameToken(given, token) };
};

export type Guard = ReturnType<typeof guard>;
