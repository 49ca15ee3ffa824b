/** The time that the whole bench may take, and its share for each measurement to come. */
export type Clock = {
  /** Seconds since the start, and left. */
  readonly spent: () => number;
  readonly left: () => number;
  /** Ends the next of so many measurements to come: milliseconds as `performance.now` counts them. */
  readonly deadline: (measurements: number) => number;
};

export const startClock = (seconds: number, now: () => number = () => performance.now()): Clock => {
  const start = now();
  const end = start + 1000 * seconds;
  return {
    spent: () => (now() - start) / 1000,
    left: () => (end - now()) / 1000,
    deadline: (measurements) => now() + Math.max(0, end - now()) / Math.max(1, measurements),
  };
};
