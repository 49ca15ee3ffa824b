/** What a trainer adds to the original's step: snapshots, teams, averages, clipping, frozen layers, keys of layers. */
import { type Device, openWasm } from '@gdarknet/tensor';
import * as E from 'fp-ts/lib/Either.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { zoo } from '../darknet/zoo.ts';
import type { Trainer, TrainerOptions, TrainingBatch } from './contract.ts';
import { partsOf, type Team } from './team.ts';
import { createTrainer } from './trainer.ts';

const size = 32;
const net = {
  batch: 6,
  subdivisions: 3,
  learning_rate: 0.003,
  burn_in: 3,
  max_batches: 100,
  steps: '50,60',
  scales: '.1,.1',
};
const cfg = zoo.shapes({ loss: 'giou', size, net });

let device: Device;
beforeAll(async () => {
  device = await openWasm({ threads: 1 });
});
afterAll(() => device.close());

const trainerOf = async (options: Partial<TrainerOptions> = {}): Promise<Trainer> => {
  const made = await createTrainer({ cfg, device, seed: 3, ...options });
  if (E.isLeft(made)) throw new Error(JSON.stringify(made.left));
  return made.right;
};

/** Batch `index` of pictures of noise with one or two truths each. */
const batchAt = (index: number, { from, to } = { from: 0, to: net.batch }): TrainingBatch => {
  const noise = (i: number): number => {
    const x = Math.sin(12.9898 * i + 78.233 * index) * 43758.5453;
    return x - Math.floor(x);
  };
  const pixels = size * size * 3;
  const x = Float32Array.from({ length: (to - from) * pixels }, (_, i) => noise(from * pixels + i));
  const truths = new Float32Array((to - from) * 90 * 5);
  const counts = Array.from({ length: to - from }, (_, i) => 1 + ((from + i) % 2));
  counts.forEach((count, i) => {
    for (let t = 0; t < count; t++) {
      const at = 1000 * (from + i) + 10 * t;
      const row = [
        0.2 + 0.6 * noise(at),
        0.2 + 0.6 * noise(at + 1),
        0.1 + 0.3 * noise(at + 2),
        0.1 + 0.3 * noise(at + 3),
      ];
      truths.set([...row, (from + i) % 3], (i * 90 + t) * 5);
    }
  });
  return { x, truths, counts };
};

const run = async (trainer: Trainer, from: number, to: number): Promise<readonly number[]> => {
  const losses: number[] = [];
  for (let i = from; i < to; i++) losses.push((await trainer.step(batchAt(i, trainer.slice))).loss);
  return losses;
};

const floats = (bytes: Uint8Array): Float32Array => new Float32Array(bytes.slice(20).buffer);
const farthest = (a: Float32Array, b: Float32Array): number =>
  a.reduce((most, v, i) => Math.max(most, Math.abs(v - b[i])), 0);

type Values = Float32Array | Float64Array;

/** Members in one thread, that wait for each other with promises. */
const teamOf = (count: number): readonly Team[] => {
  let waiting: { values: Values; done: () => void }[] = [];
  const meet = (rank: number, values: Values, act: (all: readonly Values[]) => Values): Promise<void> =>
    new Promise((done) => {
      waiting[rank] = { values, done };
      if (waiting.filter(Boolean).length < count) return;
      const all = waiting;
      waiting = [];
      const result = act(all.map((one) => one.values)).slice();
      for (const one of all) {
        one.values.set(result);
        one.done();
      }
    });
  const sums = (all: readonly Values[]) =>
    Float64Array.from(all[0], (_, i) => all.reduce((sum, one) => sum + one[i], 0));
  return Array.from({ length: count }, (_, rank) => {
    let last: Promise<void> = Promise.resolve();
    /** A member's calls are met in their order. */
    const inTurn = (act: () => Promise<void>): Promise<void> => {
      last = last.then(act);
      return last;
    };
    return {
      rank,
      size: count,
      overlaps: count === 2,
      sum: (values) => inTurn(() => meet(rank, values, sums)),
      share: (values) => inTurn(() => meet(rank, values, ([first]) => first)),
    };
  });
};

describe('a snapshot', () => {
  for (const [name, text] of [
    ['momentum', cfg],
    ['Adam', cfg.replace('[net]', '[net]\nadam=1')],
    ['a moving average', cfg.replace('[net]', '[net]\nema_alpha=.99')],
    ['a random rate', cfg.replace('[net]', '[net]\npolicy=random\npower=1').replace('burn_in=3', 'burn_in=1')],
  ]) {
    it(`goes on to the bit with ${name}`, async () => {
      const straight = await trainerOf({ cfg: text });
      const first = await trainerOf({ cfg: text });
      const second = await trainerOf({ cfg: text, seed: 3 });
      const losses = await run(straight, 0, 6);
      const before = await run(first, 0, 3);
      expect(E.isRight(await second.restore(await first.snapshot()))).toBe(true);
      expect([...before, ...(await run(second, 3, 6))]).toEqual(losses);
      for (const which of ['current', 'average'] as const) {
        expect(Buffer.from(await second.weights(which)).equals(Buffer.from(await straight.weights(which)))).toBe(true);
      }
    });
  }

  it('of another network names what does not fit', async () => {
    const other = await trainerOf({ cfg: zoo.shapes({ loss: 'giou', size, net, classes: 7 } as never) });
    const restored = await (await trainerOf()).restore({ seen: 0, tensors: {} });
    expect(E.isLeft(restored) && restored.left[0]).toMatch(/^params\.0\.\w+: expected \[.*\], found nothing$/);
    other.close();
  });
});

describe('a team', () => {
  const batches = 50;
  for (const count of [2, 3]) {
    it(`of ${count} has the losses, weights and rolling statistics of one trainer`, async () => {
      const single = await trainerOf();
      const expected = await run(single, 0, batches);
      const members = await Promise.all(teamOf(count).map((team) => trainerOf({ team })));
      const losses = await Promise.all(members.map((member) => run(member, 0, batches)));
      // Sums do not depend on who adds what: not near, but the same.
      for (const own of losses) expect(own).toEqual(expected);
      const [first, ...others] = await Promise.all(members.map((member) => member.weights()));
      for (const other of others) expect(Buffer.from(other).equals(Buffer.from(first))).toBe(true);
      const [alone, member] = await Promise.all([single, members[0]].map((trainer) => trainer.snapshot()));
      for (const [name, { values }] of Object.entries(alone.tensors)) {
        const far = farthest(values, member.tensors[name].values);
        // Rolling statistics are put together from what the members add.
        if (name.startsWith('state.')) expect(far, name).toBeLessThan(1e-5 * Math.max(...values.map(Math.abs)));
        else expect(far, name).toBe(0);
      }
    });
  }

  it('begins its sums while the backward pass still runs, and waits for them at its end', async () => {
    // A team of one, on a device that tells when its stages are over.
    const told: string[] = [];
    const listening: Device = {
      ...device,
      compile: async (graph, options) => {
        const executable = await device.compile(graph, options);
        if (options?.stages === undefined || options.stages.length < 2) return executable;
        const start: typeof executable.start = (args) => {
          const { results, advance } = executable.start(args);
          const telling = () => {
            const more = advance();
            if (more) told.push('stage');
            return more;
          };
          return { results, advance: telling };
        };
        return { ...executable, start };
      },
    };
    const team: Team = {
      rank: 0,
      size: 1,
      overlaps: true,
      share: async () => {},
      sum: async () => {
        told.push('sum');
      },
      wait: (sums) => {
        told.push('wait');
        return sums;
      },
    };
    const trainer = await trainerOf({ team, device: listening });
    expect((await trainer.step(batchAt(0))).loss).toBeGreaterThan(0);
    // Two parts are only taken in; in the last, what a stage gives is on its way before the next begins.
    const stages = (told.length - 1) / 4;
    expect(told).toEqual([
      ...new Array<string>(2 * stages).fill('stage'),
      ...Array.from({ length: stages }, () => ['stage', 'sum']).flat(),
      'wait',
    ]);
    expect(stages).toBeGreaterThan(2);
  });

  it('changes nothing where one member has a cost that is not finite, and goes on', async () => {
    const members = await Promise.all(teamOf(2).map((team) => trainerOf({ team })));
    const before = await members[0].weights();
    const spoilt = batchAt(0, members[1].slice);
    spoilt.x.fill(Number.NaN);
    const reports = await Promise.all([members[0].step(batchAt(0, members[0].slice)), members[1].step(spoilt)]);
    expect(reports.map(({ loss }) => loss)).toEqual([Number.NaN, Number.NaN]);
    const after = await members[0].weights();
    expect(Buffer.from(after.slice(20)).equals(Buffer.from(before.slice(20)))).toBe(true);
    const [single, rest] = [await trainerOf(), await Promise.all(members.map((m) => run(m, 1, 3)))];
    single.count(net.batch);
    expect(rest[0]).toEqual(await run(single, 1, 3));
    expect(rest[1]).toEqual(rest[0]);
  });

  it('leaves frozen layers as they are', async () => {
    const members = await Promise.all(teamOf(2).map((team) => trainerOf({ team, freeze: 3 })));
    const [losses] = await Promise.all(members.map((member) => run(member, 0, 3)));
    const single = await trainerOf({ freeze: 3 });
    expect(losses).toEqual(await run(single, 0, 3));
  });

  it('takes neighbouring parts, as even as can be', () => {
    expect([0, 1, 2].map((rank) => partsOf(16, rank, 3))).toEqual([
      { from: 0, to: 5 },
      { from: 5, to: 10 },
      { from: 10, to: 16 },
    ]);
  });

  it('hears one that asks to stop, follows member 0, and finds one with other weights', async () => {
    const teams = teamOf(2);
    const members = await Promise.all(teams.map((team) => trainerOf({ team, seed: 10 + team.rank })));
    await expect(Promise.all(members.map((m, i) => m.compare(teams[i])))).rejects.toThrow('the weights of rank 1');
    await Promise.all(members.map((member, i) => member.follow(teams[i])));
    await Promise.all(members.map((member, i) => member.compare(teams[i])));
    const reports = await Promise.all(members.map((m, i) => m.step(batchAt(0, m.slice), i === 1)));
    expect(reports.map(({ stop }) => stop)).toEqual([true, true]);
  });

  it('averages as the original: weights, but not rolling statistics', async () => {
    const teams = teamOf(2);
    const members = [await trainerOf({ seed: 1 }), await trainerOf({ seed: 2 })];
    const before = await Promise.all(members.map(async (m) => floats(await m.weights())));
    await Promise.all(members.map((member, i) => member.average(teams[i])));
    const after = await Promise.all(members.map(async (m) => floats(await m.weights())));
    expect(farthest(after[0], after[1])).toBe(0);
    expect(
      farthest(
        after[0],
        before[0].map((v, i) => (v + before[1][i]) / 2),
      ),
    ).toBeLessThan(1e-7);
    members[0].count(4 * net.batch);
    expect(members[0].seen()).toBe(4 * net.batch);
  });
});

describe('options of the update', () => {
  it('a norm that no gradient reaches changes nothing; a small one bounds the step', async () => {
    const plain = await trainerOf();
    const loose = await trainerOf({ clipNorm: 1e9 });
    const tight = await trainerOf({ clipNorm: 1e-6 });
    const start = floats(await plain.weights());
    for (const trainer of [plain, loose, tight]) await run(trainer, 0, 2);
    expect(farthest(floats(await loose.weights()), floats(await plain.weights()))).toBeLessThan(1e-6);
    const snapshots = await Promise.all([plain, tight].map((trainer) => trainer.snapshot()));
    const [moved, held] = snapshots.map(({ tensors }) => tensors['params.0.weights'].values);
    expect(farthest(moved, held)).toBeGreaterThan(1e-7);
    expect(start.length).toBeGreaterThan(0);
  });

  it('a loss scale of a power of two changes no bit', async () => {
    const plain = await trainerOf();
    const scaled = await trainerOf({ cfg: cfg.replace('[net]', '[net]\nloss_scale=128') });
    expect(await run(scaled, 0, 3)).toEqual(await run(plain, 0, 3));
    expect(Buffer.from(await scaled.weights()).equals(Buffer.from(await plain.weights()))).toBe(true);
  });

  it('the moving average lies between the start and the weights', async () => {
    const trainer = await trainerOf({ cfg: cfg.replace('[net]', '[net]\nema_alpha=.9998') });
    const plain = await trainerOf();
    const start = floats(await trainer.weights('average'));
    await run(trainer, 0, 3);
    await run(plain, 0, 3);
    const [average, current] = [floats(await trainer.weights('average')), floats(await trainer.weights())];
    expect(farthest(current, floats(await plain.weights()))).toBe(0);
    const near = average.reduce((sum, v, i) => sum + Math.abs(v - current[i]), 0);
    const far = start.reduce((sum, v, i) => sum + Math.abs(v - current[i]), 0);
    expect(near).toBeGreaterThan(0);
    expect(near).toBeLessThan(far);
  });

  it('frozen layers keep every bit, rolling statistics too; the others learn', async () => {
    const trainer = await trainerOf({ freeze: 4 });
    const before = await trainer.snapshot();
    await run(trainer, 0, 3);
    const after = await trainer.snapshot();
    for (const [name, { values }] of Object.entries(before.tensors)) {
      const [kind, layer] = name.split('.');
      if (kind === 'descent') continue;
      const moved = farthest(values, after.tensors[name].values);
      if (Number(layer) < 4) expect(moved, name).toBe(0);
      else expect(moved, name).toBeGreaterThan(0);
    }
  });

  it('stopbackward: no gradient before its layer; learning_rate of a layer multiplies its step', async () => {
    const sections = cfg.slice(cfg.indexOf('[net]')).split(/(?=^\[)/m);
    const at = (index: number, line: string): string =>
      sections.map((text, i) => (i === index + 1 ? text.replace(/\n/, `\n${line}\n`) : text)).join('');
    const steps = async (text: string) => {
      const trainer = await trainerOf({ cfg: text.replace(/decay=.*/, 'decay=0') });
      const before = await trainer.snapshot();
      await run(trainer, 0, 1);
      const after = await trainer.snapshot();
      return (layer: number): number =>
        farthest(before.tensors[`params.${layer}.weights`].values, after.tensors[`params.${layer}.weights`].values);
    };
    const convolutions = sections.flatMap((text, i) => (text.startsWith('[convolutional]') ? [i - 1] : []));
    const [first, second, third] = convolutions;
    const plain = await steps(cfg);
    const stopped = await steps(at(third, 'stopbackward=1'));
    for (const layer of [first, second]) {
      expect(plain(layer)).toBeGreaterThan(0);
      expect(stopped(layer)).toBe(0);
    }
    expect(stopped(third)).toBeGreaterThan(0);
    const slow = await steps(at(first, 'learning_rate=.5'));
    expect(slow(first) / plain(first)).toBeCloseTo(0.5, 2);
  });

  it('plans ahead for a size without training', async () => {
    const trainer = await trainerOf();
    const before = await trainer.weights();
    await trainer.prepare(64, 64);
    expect(Buffer.from(await trainer.weights()).equals(Buffer.from(before))).toBe(true);
    expect(trainer.seen()).toBe(0);
  });
});
