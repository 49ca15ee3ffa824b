/** One update of a team: each member takes its parts of the batch, and all make the same change with the same bits. */
import { type Device, evaluate, read, scalar } from '@gdarknet/tensor';
import { statisticNames } from '../loss/statistics.ts';
import type { NetworkParams, NetworkState } from '../network/network.ts';
import type { Part } from './batch-parts.ts';
import { costOf, type Values } from './cost.ts';
import { type Descent, type GradientSum, joinSums } from './descent.ts';
import { bucketsOf, countOf, openExchange, pick } from './exchange.ts';
import { type Moving, sumOf } from './moving.ts';
import { fadingOf, memberStart, type Pace, type Program } from './program.ts';
import { flatten, type Range, type Team, unflatten } from './team.ts';

export type TeamWork = {
  readonly device: Device;
  readonly team: Team;
  readonly descent: Descent;
  readonly freeze: number;
  readonly subdivisions: number;
  /** The parts that this member takes. */
  readonly mine: Range;
  /** Heads of the network. */
  readonly heads: number;
};

export type TeamUpdate = {
  readonly program: Program;
  readonly moving: Moving;
  readonly partAt: (p: number) => Part;
  readonly keyOf: (p: number) => Parameters<Program['accumulate']>[5];
  readonly pace: Pace;
  /** Whether this member asks to stop. */
  readonly asked: boolean;
};

export type TeamOutcome = {
  readonly moving: Moving;
  /** Of all members' parts, in the batch's order. */
  readonly values: readonly Values[];
  readonly dropped: number;
  readonly stop: boolean;
};

/** Lets a device that computes on this thread hand over what has been begun. */
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

export const openTeamWork = ({ device, team, descent, freeze, subdivisions, mine, heads }: TeamWork) => {
  const exchange = openExchange(team);
  const width = statisticNames.length;
  const row = width * heads;
  // Later members' parts come later: what this one's add has faded by as many mini-batches.
  const faded = fadingOf(subdivisions - mine.to);
  const fading = scalar(fadingOf(subdivisions));
  // Each member breaks off by itself.
  let sound = scalar(1);

  return async ({ program, moving, partAt, keyOf, pace, asked }: TeamUpdate): Promise<TeamOutcome> => {
    const { params } = moving;
    const buckets = bucketsOf(params);
    const own: Values[] = [];
    let dropped = 0;
    let rest = { state: memberStart(moving.state, freeze), sum: sumOf(moving) };

    /** Costs, wishes and what is added to the rolling statistics. */
    const note = () =>
      exchange.sum(0, subdivisions * row + 2 + countOf(moving.state), async (room) => {
        own.forEach((values, i) => {
          values.forEach((one, h) => {
            room.set(one, (mine.from + i) * row + h * width);
          });
        });
        room.set([dropped, Number(asked)], subdivisions * row);
        const added = flatten(await read(device, rest.state));
        for (let i = 0; i < added.length; i++) room[subdivisions * row + 2 + i] = added[i] * faded;
      });
    const sizes = buckets.map((names) => countOf(pick(params, names)));
    const handOver = (bucket: number, sum: GradientSum) =>
      exchange.sum(bucket + 1, sizes[bucket], async (room) => {
        const parts = await read(device, sum);
        const [high, low] = [flatten(parts.high), flatten(parts.low)];
        for (let i = 0; i < high.length; i++) room[i] = high[i] + low[i];
      });

    let notes: Promise<Float64Array> | undefined;
    const totals: Promise<Float64Array>[] = [];
    for (let p = mine.from; p < mine.to; p++) {
      const part = partAt(p);
      dropped += part.dropped;
      const isLast = p === mine.to - 1;
      const sums: GradientSum[] = [];
      for await (const stage of program.accumulate.stages(params, rest, sound, part.x, part.targets, keyOf(p))) {
        if ('statistics' in stage) {
          own.push(await Promise.all(stage.statistics));
          rest = { ...rest, state: stage.state };
          sound = stage.sound;
          if (isLast) notes = note();
        } else {
          sums.push(stage);
          if (isLast) totals.push(handOver(sums.length - 1, stage));
        }
        if (isLast && team.overlaps) await turn();
      }
      rest = { ...rest, sum: joinSums(sums) };
      if (!Number.isFinite(costOf(own[own.length - 1]))) {
        sound = scalar(1);
        break;
      }
    }
    // Who has broken off adds nothing more, but the others wait for as much.
    notes ??= note();
    for (let b = totals.length; b < buckets.length; b++) totals.push(exchange.sum(b + 1, sizes[b]));
    const [noted, ...gradients] = await exchange.wait(Promise.all([notes, ...totals]));

    const values = Array.from({ length: subdivisions }, (_, p) =>
      Array.from({ length: heads }, (__, h) => noted.slice(p * row + h * width, p * row + (h + 1) * width)),
    );
    const [all, stop, ...added] = noted.subarray(subdivisions * row);
    const outcome = { values, dropped: all, stop: stop > 0 };
    // Frozen layers' statistics were lent to the parts.
    const lent = pick(
      rest.state,
      Object.keys(rest.state).filter((layer) => Number(layer) < freeze),
    );
    const taken: Moving = {
      ...moving,
      state: { ...moving.state, ...lent },
      descent: { ...moving.descent, sum: rest.sum },
    };
    if (!values.every((one) => Number.isFinite(costOf(one)))) {
      return { ...outcome, moving: { ...taken, descent: await evaluate(device, descent.emptied(taken.descent)) } };
    }
    const total = {
      gradients: Object.assign(
        {},
        ...buckets.map((names, b) => unflatten(Float32Array.from(gradients[b]), pick(params, names))),
      ) as NetworkParams,
      state: unflatten(Float32Array.from(added), moving.state) as NetworkState,
    };
    return { ...outcome, moving: (await program.join(taken, total, fading, pace)) as Moving };
  };
};
