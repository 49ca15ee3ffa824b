/** What comes while the page is open: the list of runs and their series follow it. */
import type { App } from './app.ts';
import { settled } from './pace.ts';

/** A burst of news about the list is read once. */
const reloadMs = 100;

export type Connection = {
  readonly connected: (connected: boolean) => void;
  readonly failed: (error: unknown) => void;
};

/** Reads the list of runs for the first time, and then whenever it has changed. */
export const follow = (app: App, { connected, failed }: Connection): void => {
  const whenSettled = settled(reloadMs);
  const reload = (): void => void app.reload().catch(failed);
  app.source.listen({
    runs: () => whenSettled(reload),
    points: (points) => {
      app.series.add(points);
      app.note(points);
      app.redraw();
    },
    stale: (runs) => {
      app.series.forget(runs);
      app.redraw();
    },
    connected,
  });
  reload();
};
