/** `gdarknet speed`: how long a network takes for an image. */
import { performance } from 'node:perf_hooks';
import { loadDetector } from '@gdarknet/yolo';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { command, maybe, one } from '../arguments/command.ts';
import { optional, withDefault } from '../arguments/option.ts';
import { json } from '../arguments/shared-options.ts';
import { text, whole } from '../arguments/value.ts';
import { modelFailure, refused, thrown } from '../core/failure.ts';
import { turn } from '../core/turn.ts';
import { noticesFor, tellNotices } from '../inputs/cfg.ts';
import { networkOptions } from '../inputs/detector.ts';
import { withDevice } from '../inputs/device.ts';
import { bytesOf, textOf } from '../inputs/files.ts';

const median = (times: readonly number[]): number => [...times].sort((a, b) => a - b)[times.length >> 1];

export const speed = command({
  path: ['speed'],
  product: 'stdout',
  summary: 'Time a network on a grey image: seconds an evaluation, images and operations a second.',
  details: [
    'The time holds decoding of the boxes above .5 and suppression, not the reading of pictures. Two evaluations come before the first that counts.',
  ],
  examples: ['gdarknet speed yolov3.cfg 20 --width 416 --height 416'],
  positionals: { cfg: one('the network'), times: maybe('evaluations [10]') },
  options: {
    weights: optional(text, { placeholder: 'x.weights', doc: 'its weights [random ones: the time is the same]' }),
    batch: withDefault(whole({ min: 1, max: 256 }), 1, { placeholder: 'n', doc: 'images computed together' }),
    ...networkOptions,
    json,
  },
  run: (values, context) => {
    const { cfg: file, times, batch, ignore, strict, width, height, partial, allowUnsound } = values;
    const count = times === undefined ? 10 : whole({ min: 1 }).parse(times);
    if (count === undefined)
      return TE.left(refused(`evaluations: expected a whole number, found ${times}`, 'give 10 or so'));
    return pipe(
      TE.Do,
      TE.bind('cfg', () => textOf(file)),
      TE.bind('weights', () => (values.weights === undefined ? TE.right(undefined) : bytesOf(values.weights))),
      TE.flatMap(({ cfg, weights }) =>
        withDevice(values)((device) =>
          pipe(
            TE.tryCatch(() => {
              const size = { ...(width && { width }), ...(height && { height }) };
              return loadDetector({
                cfg,
                cfgFile: file,
                device,
                ignore,
                strict,
                partial,
                allowUnsound,
                ...size,
                ...(weights && { weights }),
              });
            }, thrown),
            TE.flatMapEither(E.mapLeft(modelFailure)),
            TE.flatMap((detector) =>
              TE.tryCatch(async () => {
                tellNotices(detector.notices, context);
                const { h, w, c } = detector.plan.input;
                const x = new Float32Array(batch * h * w * c).fill(0.5);
                const sizes = Array.from({ length: batch }, () => ({ width: w, height: h }));
                const spent: number[] = [];
                for (let i = -2; i < count && !context.signal.aborted; i++) {
                  const from = performance.now();
                  await detector.detect({ x, sizes });
                  if (i >= 0) spent.push((performance.now() - from) / 1000 / batch);
                  await turn();
                }
                detector.close();
                const notices = noticesFor('detection', detector.notices);
                return { spent, flops: detector.plan.flops, device: device.description, notices };
              }, thrown),
            ),
          ),
        ),
      ),
      TE.filterOrElseW(
        ({ spent }) => spent.length > 0,
        () => ({ tag: 'interrupted', what: 'before the first evaluation' }) as const,
      ),
      TE.map(({ spent, flops, device, notices }) => {
        const seconds = median(spent);
        const best = spent.reduce((least, time) => Math.min(least, time), Number.POSITIVE_INFINITY);
        context.tell(`on ${device}`);
        if (values.json)
          return context.print(JSON.stringify({ evaluations: spent.length, seconds, best, flops, device, notices }));
        const rate = `${(1 / seconds).toFixed(2)} images/s, ${(flops / 1e9).toFixed(3)} BFLOPs an image, ${(flops / seconds / 1e9).toFixed(1)} BFLOP/s`;
        return context.print(
          `${spent.length} evals, median ${seconds.toFixed(6)} sec, best ${best.toFixed(6)} sec\n${rate}`,
        );
      }),
    );
  },
});
