/** `gdarknet report`: runs as one HTML file. */
import { isRunFolder, writeReport } from '@gdarknet/board';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { any, command } from '../arguments/command.ts';
import { optional, withDefault } from '../arguments/option.ts';
import { json } from '../arguments/shared-options.ts';
import { text, whole } from '../arguments/value.ts';
import { dataFailure, refused } from '../core/failure.ts';

export const report = command({
  path: ['report'],
  product: 'both',
  summary: 'Write runs as one self-contained HTML file: charts, table, cfg diff, evaluations, pictures.',
  examples: ['gdarknet report backup/iou backup/giou -o report.html'],
  positionals: { runs: any('run folders: events.ndjson, or log.csv and map.txt of Darknet') },
  options: {
    out: withDefault(text, 'report.html', { placeholder: 'file', doc: 'to write', spellings: ['-o'] }),
    title: optional(text, { placeholder: 'text', doc: 'of the page' }),
    points: withDefault(whole({ min: 100, max: 100_000 }), 2000, {
      placeholder: 'n',
      doc: 'of each curve at most; extremes are kept',
    }),
    json,
  },
  run: ({ runs, out, title, points, json: asJson }, { print }) => {
    const bad = runs.find((run) => !isRunFolder(run));
    if (runs.length === 0 || bad !== undefined) {
      const what = bad === undefined ? 'no run is named' : `${bad}: holds neither events.ndjson, log.csv nor run.json`;
      return TE.left(refused(what, 'name folders of runs'));
    }
    return pipe(
      writeReport({ runs, out, points, ...(title !== undefined && { title }) }),
      TE.bimap(dataFailure, (made) => {
        const size = `${(made.bytes / 1e6).toFixed(1)} MB`;
        print(asJson ? JSON.stringify(made) : `${made.file}: ${made.runs} runs, ${made.pictures} pictures, ${size}`);
      }),
    );
  },
});
