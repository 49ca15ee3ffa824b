/** One update of a team: each member takes its parts of the batch, and all make the same change with the same bits. */
import { evaluate, read, scalar } from '@gdarknet/tensor';
import { statisticNames } from '../loss/statistics.ts';
import type { NetworkParams, NetworkState } from '../network/network.ts';
import { costOf, type Values } from './cost.ts';
import { type GradientSum, joinSums } from './descent.ts';
import { bucketsOf, countOf, type Exchange, pick } from './exchange.ts';
import { fadingOf, memberStart } from './program.ts';
import type { SizedProgram } from './programs.ts';
import type { Recipe } from './recipe.ts';
import { type ModelState, restOf, type TrainState } from './state.ts';
import type { Method, Work } from './step.ts';
import { flatten, type Team, unflatten } from './team.ts';

/** Lets a device that computes on this thread hand over what has been begun. */
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

/** What a member's own parts came to, as far as it got. */
type Own = {
  readonly values: Values[];
  dropped: number;
  rest: ReturnType<typeof restOf>;
};

/** The room of the notes: costs and counts of each part and head, what was dropped, wishes to stop, rolling statistics. */
const notesOf = ({ plan }: Pick<Recipe, 'plan'>) => {
  const { subdivisions } = plan.net;
  const width = statisticNames.length;
  const row = width * plan.heads.length;
  const after = subdivisions * row;
  return {
    count: (state: NetworkState): number => after + 2 + countOf(state),
    write: (room: Float64Array, own: Own, from: number, asked: boolean): void => {
      own.values.forEach((values, i) => {
        values.forEach((one, h) => {
          room.set(one, (from + i) * row + h * width);
        });
      });
      room.set([own.dropped, Number(asked)], after);
    },
    writeState: (room: Float64Array, added: Float32Array, faded: number): void => {
      for (let i = 0; i < added.length; i++) room[after + 2 + i] = added[i] * faded;
    },
    read: (noted: Float64Array) => {
      const values = Array.from({ length: subdivisions }, (_, p) =>
        plan.heads.map((__, h) => noted.slice(p * row + h * width, p * row + (h + 1) * width)),
      );
      const [dropped, stop, ...added] = noted.subarray(after);
      return { values, dropped, stop: stop > 0, added };
    },
  };
};
type Notes = ReturnType<typeof notesOf>;

/** The sums over all members of one update: the notes, and the gradients bucket by bucket. */
const openSums = (exchange: Exchange, { device, plan, mine }: Recipe, model: ModelState, own: Own, asked: boolean) => {
  const notes: Notes = notesOf({ plan });
  const buckets = bucketsOf(model.params);
  const sizes = buckets.map((names) => countOf(pick(model.params, names)));
  // Later members' parts come later: what this one's add has faded by as many mini-batches.
  const faded = fadingOf(plan.net.subdivisions - mine.to);
  let noted: Promise<Float64Array> | undefined;
  const totals: Promise<Float64Array>[] = [];
  const note = (): void => {
    noted ??= exchange.sum(0, notes.count(model.state), async (room) => {
      notes.write(room, own, mine.from, asked);
      notes.writeState(room, flatten(await read(device, own.rest.state)), faded);
    });
  };
  return {
    note,
    handOver: (sum: GradientSum): void => {
      const bucket = totals.length;
      totals.push(
        exchange.sum(bucket + 1, sizes[bucket], async (room) => {
          const parts = await read(device, sum);
          const [high, low] = [flatten(parts.high), flatten(parts.low)];
          for (let i = 0; i < high.length; i++) room[i] = high[i] + low[i];
        }),
      );
    },
    /** Who has broken off adds nothing more, but the others wait for as much. */
    wait: async () => {
      note();
      for (let b = totals.length; b < buckets.length; b++) totals.push(exchange.sum(b + 1, sizes[b]));
      const [all, ...sums] = await exchange.wait(Promise.all([noted as Promise<Float64Array>, ...totals]));
      const gradients: NetworkParams = Object.assign(
        {},
        ...buckets.map((names, b) => unflatten(Float32Array.from(sums[b]), pick(model.params, names))),
      );
      return { ...notes.read(all), gradients };
    },
  };
};
type Sums = ReturnType<typeof openSums>;

/** Works off this member's parts; sums begin as the last of them gives them. The flag is 1 again after a cost that is not finite. */
const takeParts = async (program: SizedProgram, team: Team, state: TrainState, work: Work, own: Own, sums: Sums) => {
  const { mine } = program.recipe;
  let { sound } = state;
  for (let p = mine.from; p < mine.to; p++) {
    const part = work.partAt(p);
    own.dropped += part.dropped;
    const isLast = p === mine.to - 1;
    const taken: GradientSum[] = [];
    const { params } = state.model;
    const key = work.keyAt(p);
    for await (const stage of program.accumulate.stages(params, own.rest, sound, part.x, part.targets, key)) {
      if ('statistics' in stage) {
        own.values.push(await Promise.all(stage.statistics));
        own.rest = { ...own.rest, state: stage.state };
        sound = stage.sound;
        if (isLast) sums.note();
      } else {
        taken.push(stage);
        if (isLast) sums.handOver(stage);
      }
      if (isLast && team.overlaps) await turn();
    }
    own.rest = { ...own.rest, sum: joinSums(taken) };
    // Each member breaks off by itself.
    if (!Number.isFinite(costOf(own.values[own.values.length - 1]))) return scalar(1);
  }
  return sound;
};

export const together =
  (team: Team, exchange: Exchange): Method<SizedProgram> =>
  async (program, state, work) => {
    const { recipe } = program;
    const { device, descent, freeze, plan } = recipe;
    const { model } = state;
    const own: Own = { values: [], dropped: 0, rest: { ...restOf(model), state: memberStart(model.state, freeze) } };
    const sums = openSums(exchange, recipe, model, own, work.asked);
    const sound = await takeParts(program, team, state, work, own, sums);
    const { added, gradients, ...outcome } = await sums.wait();

    // Frozen layers' statistics were lent to the parts.
    const frozen = Object.keys(own.rest.state).filter((layer) => Number(layer) < freeze);
    const taken: ModelState = {
      ...model,
      state: { ...model.state, ...pick(own.rest.state, frozen) },
      descent: { ...model.descent, sum: own.rest.sum },
    };
    if (!outcome.values.every((one) => Number.isFinite(costOf(one)))) {
      const emptied = { ...taken, descent: await evaluate(device, descent.emptied(taken.descent)) };
      return [{ model: emptied, sound }, async () => outcome];
    }
    const total = { gradients, state: unflatten(Float32Array.from(added), model.state) };
    const fading = scalar(fadingOf(plan.net.subdivisions));
    const after = (await program.join(taken, total, fading, work.scalars)) as ModelState;
    return [{ model: after, sound }, async () => outcome];
  };
