/** Three iterations of training against the original: weights, momentum, costs (goldens/network/train_*). */
import { readdirSync, readFileSync } from 'node:fs';
import * as E from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { goldenPath, readBytes, readF32, readJson, shared } from '../../../../test/shared.ts';
import { parseNetwork } from '../darknet/plan.ts';
import { readWeights } from '../darknet/weights.ts';
import { kernelShape } from '../darknet/weights-layout.ts';
import { toChannelsFirst } from '../darknet/weights-order.ts';
import { countTruths } from '../loss/assignment.ts';
import { publishedLoss } from '../loss/head.ts';
import { devices } from '../testing/devices.ts';
import { createTrainer } from './trainer.ts';

const right = <A>(result: E.Either<unknown, A>): A => {
  if (E.isLeft(result)) throw new Error(JSON.stringify(result.left));
  return result.right;
};

const variants = [
  { name: 'accfix', convention: 'darknet-cpu' },
  { name: 'gpulike', convention: 'cudnn' },
] as const;
const runs = shared ? readdirSync(goldenPath('network')).filter((n) => /^train_(?!shared)/.test(n)) : [];

type Step = { datum_costs: number[]; rate: number; loss: number; seen: number };

/** `[4, 3, 32, 32]` to `[4, 32, 32, 3]`. */
const channelsLast = (x: Float32Array): Float32Array =>
  x.map((_, i) => x[Math.floor(i / 3072) * 3072 + (i % 3) * 1024 + (Math.floor(i / 3) % 1024)]);

const expectNear = (
  name: string,
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  rtol: number,
  atol: number,
) => {
  expect(actual.length, name).toBe(expected.length);
  let worst = 0;
  let at = -1;
  for (let i = 0; i < expected.length; i++) {
    const excess = Math.abs(actual[i] - expected[i]) / (atol + rtol * Math.abs(expected[i]));
    if (!(excess <= worst)) [worst, at] = [excess, i];
  }
  expect(worst <= 1 ? 'near' : `${name}: element ${at} is ${actual[at]}, expected ${expected[at]}`).toBe('near');
};

describe.skipIf(!shared)('training of the original', () => {
  for (const { name: deviceName, open } of devices)
    for (const run of runs)
      for (const { name, convention } of variants)
        it(`${run} ${name} on ${deviceName}`, async () => {
          const at = (file: string) => goldenPath('network', run, name, file);
          const cfg = readFileSync(goldenPath('network', run, 'net.cfg'), 'utf8');
          const device = await open();
          const trainer = right(
            await createTrainer({
              cfg,
              device,
              convention,
              weights: readBytes(goldenPath('network/train_shared/initial.weights')),
              ...publishedLoss,
            }),
          );
          const { value: plan } = right(parseNetwork(cfg));
          const x = channelsLast(readF32(goldenPath('network/train_shared/X.bin')));
          const truths = readF32(goldenPath('network/train_shared/Y.bin'));
          const steps = readJson<Step[]>(at('steps.json'));
          for (const [i, step] of steps.entries()) {
            const mine = truths.slice(i * 4 * 450, (i + 1) * 4 * 450);
            const report = await trainer.step({
              x: x.slice(i * 4 * 3072, (i + 1) * 4 * 3072),
              truths: mine,
              counts: countTruths(mine, 90),
            });
            expect(report.batch).toBe(i + 1);
            expectNear('rate', [report.rate], [step.rate], 1e-6, 0);
            expectNear(
              'costs',
              report.parts.map((p) => p.cost),
              step.datum_costs,
              1e-4,
              0,
            );
            expectNear('loss', [report.loss], [step.loss], 1e-4, 0);

            const expected = right(readWeights(readBytes(at(`iter_${i + 1}.weights`)), plan)).value;
            const actual = right(readWeights(await trainer.weights(), plan)).value;
            expect(actual.header.seen).toBe(step.seen);
            const tolerance = [2e-6, 3e-6, 5e-6][i];
            for (const layer of plan.layers) {
              for (const [block, values] of Object.entries(expected.layers[layer.index] ?? {})) {
                const got = actual.layers[layer.index]?.[block as 'weights'] as Float32Array;
                expectNear(`iteration ${i + 1} layer ${layer.index} ${block}`, got, values, 0, tolerance);
              }
            }

            const { updates } = (await trainer.momentum()) as {
              updates: Record<string, { biases: Float32Array; scales?: Float32Array; weights: Float32Array }>;
            };
            const buffers = plan.layers.flatMap((layer) => {
              const shape = kernelShape(layer);
              if (shape === undefined) return [];
              const { biases, scales, weights } = updates[layer.index];
              return [...biases, ...(scales ?? []), ...toChannelsFirst(weights, shape)];
            });
            expectNear(`updates ${i + 1}`, buffers, readF32(at(`updates_${i + 1}.bin`)), 1e-4, 5e-4);
          }
          trainer.close();
          await device.close();
        });
});
