/** How long to wait before the next attempt: twice as long each time, up to a minute, and never all clients at once. */
export const backOff = (attempt: number, { first = 500, most = 60_000, random = Math.random } = {}): number =>
  Math.min(most, first * 2 ** Math.min(attempt, 20)) * (0.5 + random() / 2);
