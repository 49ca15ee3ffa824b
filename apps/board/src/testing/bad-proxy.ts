/** A network at its worst between a client and a server: cuts, lost answers, delays, the same request twice, another order. */
import { request as ask, createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Mischief = {
  /** Shares of all requests, 0..1. */
  readonly cut: number;
  readonly lost: number;
  readonly twice: number;
  readonly broken: number;
  readonly delayMs: number;
  readonly random: () => number;
};

/** A network that does nothing of it. */
export const noMischief: Mischief = { cut: 0, lost: 0, twice: 0, broken: 0, delayMs: 0, random: Math.random };

const bodyOf = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
};

type Reply = { readonly status: number; readonly type: string; readonly body: Buffer };

export const badProxy = async (target: () => string, mischief: Mischief) => {
  const { cut, lost, twice, broken, delayMs, random } = mischief;
  const counts = { requests: 0, cut: 0, lost: 0, twice: 0, broken: 0 };
  let down = false;
  const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  const pause = (): Promise<void> => later(random() * delayMs);
  const copies: Promise<unknown>[] = [];

  const forward = (request: IncomingMessage, body: Buffer): Promise<Reply> =>
    new Promise((resolve, reject) => {
      const { host: _, ...headers } = request.headers;
      const onward = ask(target() + request.url, { method: request.method, headers, agent: false }, (response) => {
        bodyOf(response).then(
          (answer) =>
            resolve({ status: response.statusCode ?? 502, type: response.headers['content-type'] ?? '', body: answer }),
          reject,
        );
      });
      onward.on('error', reject);
      onward.end(body);
    });

  const server = createServer((request, response) => {
    const handle = async (): Promise<void> => {
      counts.requests++;
      const body = await bodyOf(request);
      if (down || random() < cut) {
        counts.cut++;
        response.destroy();
        return;
      }
      await pause();
      if (random() < broken) {
        counts.broken++;
        response.writeHead(502, { 'content-type': 'text/html' });
        response.end('<html>Bad Gateway</html>');
        return;
      }
      if (random() < twice) {
        counts.twice++;
        // The copy comes some time later: behind requests that were sent after it.
        const copy = later(random() * 10 * delayMs).then(() => forward(request, body));
        copies.push(copy.catch(() => {}));
      }
      const reply = await forward(request, body);
      await pause();
      if (random() < lost) {
        counts.lost++;
        response.destroy();
        return;
      }
      response.writeHead(reply.status, { 'content-type': reply.type });
      response.end(reply.body);
    };
    handle().catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    counts,
    /** Resolves when the copies of all requests so far have been answered. */
    copiesDelivered: async (): Promise<void> => {
      await Promise.all(copies);
    },
    /** Nothing comes through. */
    setDown: (value: boolean): void => {
      down = value;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
