/** `gdarknet convert coco`: the original's coco_label.py, with centres where it wrote corners. */
import { existsSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { cocoToLabels, parseCoco, showFault } from '@gdarknet/data';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { command, one } from '../arguments/command.ts';
import { flag, needed, optional } from '../arguments/option.ts';
import { text } from '../arguments/value.ts';
import { writeDarknetSet } from '../convert/darknet-set.ts';
import { dataFailures, refused } from '../failure.ts';
import { textOf } from '../inputs/files.ts';
import { json } from './shared-options.ts';

export const convertCoco = command({
  path: ['convert', 'coco'],
  summary: 'COCO instances to a Darknet set: label files, list, names, .data; the images are linked.',
  examples: ['gdarknet convert coco annotations/instances_val2017.json --images val2017 --out coco'],
  positionals: { instances: one('the instances JSON') },
  options: {
    images: needed(text, { placeholder: 'dir', doc: 'the folder of the images' }),
    out: needed(text, { placeholder: 'dir', doc: 'where to; made when missing' }),
    name: optional(text, { placeholder: 'name', doc: "the list's name [that of the instances file]" }),
    crowd: flag('keep the regions marked as crowds'),
    json,
  },
  run: ({ instances, images, out, name, crowd, json }, context) =>
    pipe(
      textOf(instances),
      TE.flatMapEither((source) => E.mapLeft(dataFailures)(parseCoco(source, instances))),
      TE.map((coco) => cocoToLabels(coco, instances, { crowd: crowd ? 'keep' : 'skip' })),
      TE.flatMap(({ names, images: entries, faults }) => {
        for (const fault of faults) context.tell(`left out: ${showFault(fault)}`);
        const all = entries.map(({ image, labels }) => ({ image: join(images, image.file_name), labels }));
        const there = all.filter(({ image }) => existsSync(image));
        if (there.length === 0) {
          return TE.left(
            refused(`${images}: holds none of the ${all.length} images`, 'name their folder with --images'),
          );
        }
        const part = name ?? basename(instances, extname(instances));
        return pipe(
          writeDarknetSet({ folder: out, names, parts: [{ name: part, pictures: there }], eval: 'coco' }),
          TE.map((data) => ({
            ...{ data, images: there.length, missing: all.length - there.length, leftOut: faults.length },
            boxes: there.reduce((sum, { labels }) => sum + labels.length, 0),
          })),
        );
      }),
      TE.flatMapEither((done) => {
        context.tell(`${done.images} images, ${done.boxes} boxes`);
        context.print(json ? JSON.stringify(done) : done.data);
        return done.missing === 0
          ? E.right(undefined)
          : E.left({ tag: 'incomplete' as const, what: `${done.missing} images of ${instances} are not in ${images}` });
      }),
    ),
});
