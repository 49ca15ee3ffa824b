/** The MLflow tracking protocol, version 2.0, as routes. */
import type { Core } from '../core.ts';
import type { Call, Route } from '../http/exchange.ts';
import { json } from '../http/exchange.ts';
import { artifactRequests, artifactRoutes } from './artifacts.ts';
import { experimentRequests } from './experiments.ts';
import type { Request } from './request.ts';
import { runRequests } from './runs.ts';

/** The second is what older clients use. */
const bases = ['/api/2.0/mlflow', '/api/2.0/preview/mlflow', '/ajax-api/2.0/mlflow'];

/** A name given more than once is a list. */
const queryOf = (query: URLSearchParams): unknown =>
  Object.fromEntries(
    [...new Set(query.keys())].map((key) => {
      const values = query.getAll(key);
      return [key, values.length > 1 ? values : values[0]];
    }),
  );

const routeOf = ({ method, path, run }: Request, base: string): Route => ({
  method,
  path: `${base}/${path}`,
  run: async (call: Call) => json(await run(method === 'GET' ? queryOf(call.query) : await call.json())),
});

/** What clients may take the server for: they ask before they use what came later. */
const protocolVersion = '2.9.0';

const text = (body: string) => ({ headers: { 'content-type': 'text/plain; charset=utf-8' }, body });

export const mlflowRoutes = (core: Core): readonly Route[] => {
  const requests = [...experimentRequests(core), ...runRequests(core), ...artifactRequests(core)];
  return [
    ...bases.flatMap((base) => requests.map((request) => routeOf(request, base))),
    ...artifactRoutes(core),
    { method: 'GET', path: '/health', run: () => text('OK') },
    { method: 'GET', path: '/version', run: () => text(protocolVersion) },
  ];
};
