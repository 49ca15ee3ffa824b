/** `gdarknet eval check`: what is doubtful in a ground truth, before anything is scored on it. */
import { checkTruth } from '@gdarknet/metrics';
import { readCocoInstances } from '@gdarknet/metrics/io';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { command } from '../arguments/command.ts';
import { needed } from '../arguments/option.ts';
import { json } from '../arguments/shared-options.ts';
import { text } from '../arguments/value.ts';
import { formatFailure } from '../core/failure.ts';
import { attempt } from './eval-options.ts';

export const evalCheck = command({
  path: ['eval', 'check'],
  product: 'stdout',
  summary: 'Look COCO annotations over: duplicates, tiny boxes, unknown ids, labels that disagree.',
  details: ['A line a finding, with the first ids; --json lists up to 100 of each. Nothing is changed.'],
  examples: ['gdarknet eval check --gt instances_val2017.json'],
  positionals: {},
  options: {
    gt: needed(text, { placeholder: 'instances.json', doc: 'the ground truth, plain or gzip' }),
    json,
  },
  run: ({ gt, json: asJson }, { print, tell }) =>
    pipe(
      () => readCocoInstances(gt),
      TE.mapLeft(formatFailure),
      TE.flatMapEither((truth) => attempt({ gt, dt: gt }, () => ({ truth, findings: checkTruth(truth) }))),
      TE.map(({ truth: { images, annotations }, findings }) => {
        const size = { images: images.length, annotations: annotations.length };
        if (asJson) return print(JSON.stringify({ ...size, findings }));
        tell(`${size.images} images, ${size.annotations} annotations`);
        return print(findings.length === 0 ? 'nothing doubtful' : findings.map(({ text: line }) => line).join('\n'));
      }),
    ),
});
