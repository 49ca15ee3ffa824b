/** `gdarknet data stats`: how many pictures and boxes, of which classes and sizes. */
import { statisticsOf } from '@gdarknet/data';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { command } from '../arguments/command.ts';
import { json } from '../arguments/shared-options.ts';
import type { Context } from '../core/context.ts';
import { type DataSet, dataSetOf, dataSetOptions, dataSetPositional } from '../inputs/data-set.ts';
import { statisticsLines } from '../outputs/survey.ts';

const report = ({ train, valid }: DataSet, asJson: boolean, { print, tell }: Context): void => {
  const parts = {
    train: statisticsOf(train.entries, train.names),
    ...(valid && { valid: statisticsOf(valid.entries, valid.names) }),
  };
  const lines = Object.entries(parts).flatMap(([name, part]) => statisticsLines(name, part));
  print(asJson ? JSON.stringify(parts) : lines.join('\n'));
  const left = train.faults.length + (valid?.faults.length ?? 0);
  if (left > 0) tell(`${left} files, lines or boxes cannot be used; gdarknet data check lists them`);
};

export const dataStats = command({
  path: ['data', 'stats'],
  product: 'stdout',
  summary: 'Pictures, boxes, classes and sizes of a set.',
  examples: ['gdarknet data stats voc.data'],
  positionals: dataSetPositional,
  options: { ...dataSetOptions, json },
  run: (values, context) =>
    pipe(
      dataSetOf(values.data, values, context),
      TE.map((set) => report(set, values.json, context)),
    ),
});
