/** `gdarknet data check`: what is wrong with a set, before a network has learned it. */
import { surveyChart, surveySet } from '@gdarknet/data';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { command } from '../arguments/command.ts';
import { flag, optional, withDefault } from '../arguments/option.ts';
import { json } from '../arguments/shared-options.ts';
import { text, whole } from '../arguments/value.ts';
import { type Failure, thrown } from '../core/failure.ts';
import { anchorsIn } from '../inputs/anchors.ts';
import { cfgOptions } from '../inputs/cfg.ts';
import { classesIn } from '../inputs/classes.ts';
import { type DataSet, dataSetOptions, dataSetPositional, dataSetWithPlan } from '../inputs/data-set.ts';
import { surveyLines } from '../outputs/survey.ts';
import { writeSet } from '../outputs/write-set.ts';

/** What the set has names for, beside the classes of the network. */
const otherNames = (
  cfg: string | undefined,
  classes: number | undefined,
  { name, train }: DataSet,
): readonly string[] =>
  classes === undefined || classes === train.names.length
    ? []
    : [
        `${name}: has ${train.names.length} names, but the heads of ${cfg} have ${classes} classes; give the cfg classes=${train.names.length} and its filters`,
      ];

export const dataCheck = command({
  path: ['data', 'check'],
  product: 'both',
  summary:
    'Look a set over: missing files, bad boxes, classes, box sizes against the anchors, duplicates, look-alikes, images in both parts.',
  details: [
    'The exit status is 1 when a file, a line or a box cannot be used, or an image is in both parts.',
    'Pictures look alike whose 64-bit hashes differ in at most --alike bits: copies re-encoded, resized or brightened, not turned or cropped ones.',
    'Every picture is decoded for that; --headers reads their headers only, which is quicker and finds neither look-alikes nor damage.',
  ],
  examples: ['gdarknet data check voc.data --cfg yolov3-voc.cfg --svg voc.svg', 'gdarknet data check BCCD --json'],
  positionals: dataSetPositional,
  options: {
    cfg: optional(text, { placeholder: 'file', doc: 'measure its anchors' }),
    ...cfgOptions,
    svg: optional(text, { placeholder: 'file', doc: 'draw the classes, and the box sizes with the anchors' }),
    alike: withDefault(whole({ min: 0, max: 16 }), 8, { placeholder: 'bits', doc: 'how far look-alikes may differ' }),
    headers: flag('do not decode the images'),
    ...dataSetOptions,
    json,
  },
  run: (values, context) =>
    pipe(
      dataSetWithPlan(values, context),
      TE.bind('survey', ({ plan, set }) =>
        TE.tryCatch(async () => {
          const images = set.train.entries.length + (set.valid?.entries.length ?? 0);
          const progress = context.progress('check', images);
          try {
            return await surveySet(set, {
              ...(!values.headers && { alike: values.alike }),
              onProgress: progress.advance,
              ...(plan && { anchors: anchorsIn(plan), width: plan.net.width, height: plan.net.height }),
            });
          } finally {
            progress.end();
          }
        }, thrown),
      ),
      TE.tap(({ survey }) =>
        values.svg === undefined ? TE.right(undefined) : writeSet([{ path: values.svg, content: surveyChart(survey) }]),
      ),
      TE.flatMap(({ survey, notices, plan, set }) => {
        const { sizes, ...rest } = survey;
        const differing = otherNames(values.cfg, plan && classesIn(plan), set);
        if (values.json) context.print(JSON.stringify({ ...rest, notices, classes: differing }));
        else context.print([...surveyLines(survey), ...differing].join('\n'));
        const wrong = survey.faults.length + survey.leaks.length + differing.length;
        return wrong === 0
          ? TE.right(undefined)
          : TE.left<Failure>({
              tag: 'incomplete',
              what: [
                `${survey.faults.length} faults, ${survey.leaks.length} images in both parts`,
                ...(differing.length > 0 ? ['classes that do not agree'] : []),
              ].join(', '),
            });
      }),
    ),
});
