/** What an assessment of a run leaves behind: a row of map.txt and an event for each metric, and a line for a person. */
import { reasonOf } from '@gdarknet/data';
import { addMapRow } from '@gdarknet/data/runs';
import * as E from 'fp-ts/lib/Either.js';
import type { Context } from '../core/context.ts';
import { dataFailure, showFailure } from '../core/failure.ts';
import type { Assessment, Metric } from '../detection/assess.ts';
import { exclusively } from '../locks/claim.ts';
import { claimFolder } from '../watch/record.ts';
import type { Records } from './records.ts';
import type { RunFolder } from './run-folder.ts';

const metrics: readonly Metric[] = ['iou', 'giou'];

/** `id` names the checkpoint in map.txt. A row that cannot be written is told of, and the run goes on. */
export const recordAssessment = async (
  { results }: Assessment,
  { id, batch }: { readonly id: number | 'final'; readonly batch: number },
  folder: RunFolder,
  records: Records,
  tell: Context['tell'],
): Promise<void> => {
  for (const metric of metrics) {
    const { stats, perThreshold } = results[metric];
    const row = { metric, id, mean: stats[0], perThreshold: perThreshold.map(({ AP }) => AP) };
    // A `watch` on the same folder writes there too.
    const added = await exclusively(claimFolder(folder.path), 'map.txt', addMapRow(folder.map, row)).catch(
      (error: unknown) => E.left({ tag: 'unwritable', file: folder.map, reason: reasonOf(error) } as const),
    );
    if (E.isLeft(added)) for (const line of showFailure(dataFailure(added.left))) tell(line);
    await records.event({ type: 'map', batch, metric, stats });
  }
  const shown = metrics.map((metric) => {
    const [AP, AP50, AP75] = results[metric].stats.map((value) => value.toFixed(3));
    return `${metric} AP ${AP} AP50 ${AP50} AP75 ${AP75}`;
  });
  tell(`${folder.base}, batch ${batch}: ${shown.join(', ')}`);
};
