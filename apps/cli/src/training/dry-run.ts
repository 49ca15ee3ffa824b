/** `train --dry-run`: what a run would be, without one: layers, memory, schedule, time. Nothing is written. */
import { performance } from 'node:perf_hooks';
import type { BatchStream } from '@gdarknet/data';
import { kernelShape, layerTable, type NetworkPlan, resizedPlan, type Trainer } from '@gdarknet/yolo';
import type { Context } from '../core/context.ts';
import { clock } from '../core/progress.ts';
import { noticesFor } from '../inputs/cfg.ts';
import { largestSide } from './stream.ts';

const floatBytes = 4;

const mebibytes = (bytes: number, digits = 1): string => `${(bytes / 2 ** 20).toFixed(digits)} MiB`;

const parametersOf = ({ layers }: NetworkPlan): number =>
  layers.reduce((sum, layer) => {
    const kernel = kernelShape(layer);
    if (kernel === undefined) return sum;
    const normalised = 'batch_normalize' in layer.config && layer.config.batch_normalize === true;
    return sum + kernel.reduce((a, b) => a * b, 1) + kernel[0] * (normalised ? 4 : 1);
  }, 0);

/**
 * Floats that a trainer keeps: parameters and momentum, the sum of a batch's gradients (two floats each) where it comes in
 * parts, a moving average.
 */
export const memoryOf = (plan: NetworkPlan, averaged: boolean, apart: boolean) => {
  const parameters = parametersOf(plan);
  return { parameters, kept: (2 + (averaged ? 1 : 0) + (apart ? 2 : 0)) * parameters };
};

const columns = 64;
const rows = 10;

/** The rate over the batches, from 0 to its maximum. */
export const schedulePlot = (rateAt: (batch: number) => number, last: number): readonly string[] => {
  const batches = Array.from({ length: columns }, (_, i) => Math.max(1, Math.round((last * (i + 0.5)) / columns)));
  const rates = batches.map(rateAt);
  const most = rates.reduce((best, rate) => Math.max(best, rate), 0);
  const heights = rates.map((rate) => (most > 0 ? Math.round((rows * rate) / most) : 0));
  const lines = Array.from({ length: rows }, (_, i) => {
    const level = rows - i;
    const scale = i === 0 ? most.toPrecision(3) : '';
    return `${scale.padStart(9)} |${heights.map((height) => (height >= level ? '#' : ' ')).join('')}`.trimEnd();
  });
  const axis = `${' '.repeat(9)} +${'-'.repeat(columns)}`;
  return [...lines, axis, `${' '.repeat(10)}1${String(last).padStart(columns)}`];
};

/** The first step also makes the plans. */
const timed = 2;
/** Batches that are made for it. */
export const rehearsed = timed + 1;

type Rehearsal = {
  readonly trainer: Trainer;
  readonly limit: number;
  /** Batches to try; closed here. */
  readonly stream: BatchStream;
  /** That the run would have; one of them is tried. */
  readonly devices: number;
  readonly json: boolean;
};

/** Seconds of a batch with its data, scaled to the mean number of pixels of multi-scale training. */
const secondsOfBatch = async (trainer: Trainer, stream: BatchStream): Promise<number> => {
  let from = 0;
  let pixels = 0;
  for (let i = 0; i <= timed; i++) {
    if (i === 1) from = performance.now();
    const { value } = await stream.next();
    await trainer.step(value);
    if (i > 0) pixels += value.width * value.height;
  }
  const side = largestSide(trainer.plan);
  // Sides from 320 to 608 come equally often (SPEC 7.6).
  const sides = Array.from({ length: 10 }, (_, i) => 320 + 32 * i);
  const mean = side === undefined ? pixels / timed : sides.reduce((sum, s) => sum + s * s, 0) / sides.length;
  return ((performance.now() - from) / 1000 / timed) * (mean / (pixels / timed));
};

/** What is known before the first batch. */
const expected = ({ trainer }: Rehearsal) => {
  const { plan } = trainer;
  const side = largestSide(plan);
  const { w: width, h: height } = (side === undefined ? plan : resizedPlan(plan, side, side)).input;
  const { parameters, kept } = memoryOf(plan, trainer.averaged, plan.net.subdivisions > 1);
  const { bytes: stepBytes, parts } = trainer.cost(width, height);
  return { parameters, keptBytes: floatBytes * kept, largest: { width, height }, stepBytes, parts };
};

type Expected = ReturnType<typeof expected>;

const expectedLines = ({ trainer, limit }: Rehearsal, known: Expected): readonly string[] => {
  const { parameters, keptBytes, largest, stepBytes, parts } = known;
  const again = parts === 1 ? '' : `, the network in ${parts} parts of which all but the last are computed again`;
  return [
    layerTable(trainer.plan),
    `parameters ${parameters}, ${mebibytes(floatBytes * parameters)}; with momentum and what else lasts ${mebibytes(keptBytes)}`,
    `a step at ${largest.width} x ${largest.height}: ${mebibytes(stepBytes, 0)} of the device${again}`,
    '',
    'learning rate over the batches',
    ...schedulePlot(trainer.rateAt, limit),
    '',
  ];
};

export const rehearse = async (rehearsal: Rehearsal, context: Context): Promise<void> => {
  const { trainer, limit, stream, devices, json } = rehearsal;
  const { print, signal } = context;
  const known = expected(rehearsal);
  if (!json) for (const line of expectedLines(rehearsal, known)) print(line);
  const from = Math.floor(trainer.seen() / trainer.batch);
  try {
    const secondsPerBatch = await secondsOfBatch(trainer, stream);
    if (signal.aborted) return;
    const residentBytes = process.memoryUsage.rss();
    const seconds = secondsPerBatch * Math.max(0, limit - from);
    if (json) {
      const notices = noticesFor('training', trainer.notices);
      const cost = { residentBytes, secondsPerBatch, devicesTried: 1, devices, from, limit, seconds };
      print(JSON.stringify({ ...known, ...cost, notices }));
      return;
    }
    print(`resident memory after ${rehearsed} batches: ${mebibytes(residentBytes, 0)}`);
    const tried = devices > 1 ? ` on one of the ${devices} devices` : '';
    print(`${secondsPerBatch.toFixed(3)} seconds a batch${tried}: ${clock(seconds)} for batches ${from} to ${limit}`);
  } finally {
    await stream.close();
  }
};
