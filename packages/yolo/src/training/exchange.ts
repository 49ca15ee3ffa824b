/**
 * What a team's members add up for one update. Where the team wants it, sums are begun as soon as a member has its part, so
 * that they go on while the backward pass computes the next; else when all that is left to do is to wait.
 */
import { leavesOf, sizeOf, type Tensor } from '@gdarknet/tensor';
import type { NetworkParams } from '../network/network.ts';
import type { Team } from './team.ts';

/** Buckets of an update, at most: each is a stage of the backward pass, and a call of every member. */
const most = 16;

export const countOf = (tree: unknown): number =>
  leavesOf<Tensor>(tree).reduce((sum, { shape }) => sum + sizeOf(shape), 0);

/** Some of the layers. */
export const pick = <T>(layers: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> =>
  Object.fromEntries(names.map((name) => [name, layers[name]]));

/** Layers whose gradients are handed over together: from the last to the first, as they come. */
export const bucketsOf = (params: NetworkParams): readonly (readonly string[])[] => {
  const least = countOf(params) / most;
  const buckets: string[][] = [];
  let [open, size]: [string[], number] = [[], 0];
  for (const name of Object.keys(params).reverse()) {
    open.push(name);
    size += countOf(params[Number(name)]);
    if (size < least) continue;
    buckets.push(open);
    [open, size] = [[], 0];
  }
  return open.length > 0 ? [...buckets, open] : buckets;
};

export type Exchange = {
  /**
   * Begins the next sum over all members, of `count` values that `fill` writes into zeros, and gives it when it is there.
   * All members begin the same sums in the same order; `place` names memory that is used again in the next update.
   */
  readonly sum: (
    place: number,
    count: number,
    fill?: (room: Float64Array) => void | Promise<void>,
  ) => Promise<Float64Array>;
  /** For the moment in which nothing is left to do but to wait. */
  readonly wait: <A>(sums: Promise<A>) => Promise<A>;
};

export const openExchange = (team: Team): Exchange => {
  const rooms = new Map<number, Float64Array>();
  const roomFor = (place: number, count: number): Float64Array => {
    const known = rooms.get(place);
    if (known?.length === count) return known.fill(0);
    const room = team.room?.(count) ?? new Float64Array(count);
    rooms.set(place, room);
    return room;
  };
  let open = (): void => {};
  const closed = (): Promise<void> => (team.overlaps ? Promise.resolve() : new Promise((resolve) => (open = resolve)));
  let gate = closed();
  let begun: Promise<unknown> = Promise.resolve();
  return {
    sum: (place, count, fill = () => {}) => {
      const room = roomFor(place, count);
      const filled = Promise.resolve(fill(room));
      const calling = Promise.all([filled, begun, gate]).then(() => ({ summed: team.sum(room) }));
      begun = calling;
      const sums = calling.then(({ summed }) => summed).then(() => room);
      // Whoever waits hears of it; nobody may have come to that yet.
      sums.catch(() => {});
      return sums;
    },
    wait: (sums) => {
      open();
      gate = closed();
      return team.wait?.(sums) ?? sums;
    },
  };
};
