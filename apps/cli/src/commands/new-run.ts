/** `gdarknet new-run`: the configuration of a run as the start of another, or of one of the original's runs. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { command, maybe } from '../arguments/command.ts';
import { nearest } from '../arguments/nearest.ts';
import { optional } from '../arguments/option.ts';
import { json } from '../arguments/shared-options.ts';
import { text } from '../arguments/value.ts';
import { type Failure, refused } from '../core/failure.ts';
import { backbone, type Configuration, copied, ofPreset, placeOf, targetOf } from '../experiments/configuration.ts';
import { presets } from '../experiments/presets.ts';
import { writeSet } from '../outputs/write-set.ts';

type Plan = Configuration & { readonly target: string };

const fromPreset = (name: string, given: string): TE.TaskEither<Failure, Plan> => {
  const preset = presets.find((one) => one.name === name);
  if (preset === undefined) {
    const near = nearest(
      name,
      presets.map((one) => one.name),
    );
    return TE.left(
      refused(`--preset ${name}: there is none`, near ? `did you mean ${near}?` : '`gdarknet new-run` lists them'),
    );
  }
  const target = targetOf(undefined, given);
  return TE.right({ target, outputs: ofPreset(preset, target), weights: backbone });
};

const fromFolder = (given: string, name: string): TE.TaskEither<Failure, Plan> => {
  const source = placeOf(given).replace(/\/+$/, '');
  const target = targetOf(source, name);
  return TE.map((configuration: Configuration) => ({ target, ...configuration }))(copied(source, target));
};

type Words = { readonly src: string; readonly dst: string | undefined; readonly preset: string | undefined };

const planned = ({ src, dst, preset }: Words): TE.TaskEither<Failure, Plan> => {
  if (preset === undefined) {
    return dst === undefined
      ? TE.left(refused(`${src}: the copy has no name`, 'give it as a second word'))
      : fromFolder(src, dst);
  }
  return dst === undefined
    ? fromPreset(preset, src)
    : TE.left(refused(`--preset ${preset}: found a source, ${src}, too`, `give one name only: ${dst}`));
};

const list = (): string =>
  presets
    .map(({ name, set, loss, iouNormalizer, clsNormalizer, representation, learningRate, burnIn, maxBatches }) =>
      [
        name.padEnd(24),
        set.padEnd(11),
        loss.padEnd(5),
        `iou_normalizer ${iouNormalizer}`.padEnd(21),
        `cls_normalizer ${clsNormalizer}`.padEnd(20),
        representation,
        ` rate ${learningRate}`.padEnd(15),
        `burn_in ${burnIn}`.padEnd(13),
        `max_batches ${maxBatches}`,
      ].join(''),
    )
    .join('\n');

export const newRun = command({
  path: ['new-run'],
  product: 'files',
  summary:
    "Copy a run's configuration under another name, or start from one of the original's runs; alone, list those.",
  details: [
    "<src> is a folder of configuration (a bare name is one of cfg/runs): every file is copied with the old name replaced by the new, as the original's build_run.sh does. Or it is the folder of a run that was trained: the cfg it was trained with and its .data file, with the new prefix.",
  ],
  examples: [
    'gdarknet new-run coco-giou-12 coco-giou-19',
    'gdarknet new-run backup/first experiments/second',
    'gdarknet new-run --preset coco-giou-12 my-run',
  ],
  positionals: {
    src: maybe('the configuration to copy; with --preset the folder to write'),
    dst: maybe('the folder to write, beside the source when it is a bare name'),
  },
  options: {
    preset: optional(text, { placeholder: 'name', doc: "one of the original's runs" }),
    json,
  },
  run: ({ src, dst, preset, json }, context) => {
    if (src === undefined) {
      if (preset !== undefined) return TE.left(refused(`--preset ${preset}: the new run has no name`, 'give one'));
      context.print(json ? JSON.stringify(presets) : list());
      return TE.right(undefined);
    }
    return pipe(
      planned({ src, dst, preset }),
      TE.filterOrElse(
        ({ target }) => !existsSync(target),
        ({ target }) => refused(`${target}: is there already`, 'choose another name'),
      ),
      TE.tap(({ outputs }) => writeSet(outputs)),
      TE.map(({ target, outputs, weights }) => {
        const files = outputs.map(({ path }) => path);
        const cfg =
          files.find((file) => file !== join(target, 'data') && /(^|[./])cfg$/.test(file)) ?? join(target, 'cfg');
        context.tell(
          `train it: gdarknet train ${[join(target, 'data'), cfg, ...(weights === undefined ? [] : [weights])].join(' ')}`,
        );
        return context.print(json ? JSON.stringify({ folder: target, files }) : target);
      }),
    );
  },
});
