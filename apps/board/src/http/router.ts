/** A table of routes to one function from paths to handlers. */
import type { Handler, Route } from './exchange.ts';

type Found =
  | { readonly tag: 'found'; readonly run: Handler; readonly parts: Readonly<Record<string, string>> }
  | { readonly tag: 'method'; readonly allowed: readonly string[] }
  | { readonly tag: 'none' };

type Compiled = Route & { readonly segments: readonly string[] };

const partsOf = ({ segments }: Compiled, path: readonly string[]): Readonly<Record<string, string>> | undefined => {
  const parts: Record<string, string> = {};
  for (const [i, segment] of segments.entries()) {
    if (segment.startsWith('*')) return { ...parts, [segment.slice(1)]: path.slice(i).join('/') };
    const found = path[i];
    if (found === undefined || found === '') return segments.length === 1 && segment === '' ? parts : undefined;
    if (segment.startsWith(':')) parts[segment.slice(1)] = found;
    else if (segment !== found) return undefined;
  }
  return path.length === segments.length ? parts : undefined;
};

const segmentsOf = (path: string): readonly string[] => path.replace(/^\//, '').split('/');

/** HEAD is answered as GET without its body. */
export const router = (routes: readonly Route[]): ((method: string, path: string) => Found) => {
  const compiled = routes.map((route): Compiled => ({ ...route, segments: segmentsOf(route.path) }));
  return (method, path) => {
    const wanted = method === 'HEAD' ? 'GET' : method;
    const segments = segmentsOf(path);
    const allowed: string[] = [];
    for (const route of compiled) {
      const parts = partsOf(route, segments);
      if (parts === undefined) continue;
      if (route.method === wanted) return { tag: 'found', run: route.run, parts };
      allowed.push(route.method);
    }
    return allowed.length > 0 ? { tag: 'method', allowed } : { tag: 'none' };
  };
};
