/** Which charts there are: the original's in its order, then whatever else runs have logged. */
import {
  apKeys,
  averageLossKey,
  batchLossKey,
  keyOfLetter,
  rateKey,
  stepTimeKey,
  waitTimeKey,
} from '../runs/metric-keys.ts';
import type { RunView } from './source.ts';

export type Chart = {
  /** Its first key: the name in the URL. */
  readonly id: string;
  readonly title: string;
  /** The second and further ones are drawn dashed. */
  readonly keys: readonly string[];
  readonly y: string;
};

const chart = (title: string, y: string, ...keys: readonly string[]): Chart => ({ id: keys[0], title, keys, y });
const pair = (set: string) => [`${set}iou`, `${set}giou`] as const;

const known: readonly Chart[] = [
  chart('Accuracy IoU', 'IoU', keyOfLetter.A),
  chart('Accuracy gIoU', 'GIoU', keyOfLetter.G),
  chart('(g)IoU Loss', 'loss', keyOfLetter.I),
  chart('Class Loss', 'loss', keyOfLetter.C),
  chart('(g)IoU Relative Loss', 'share', keyOfLetter.I_R),
  chart('Class Relative Loss', 'share', keyOfLetter.C_R),
  chart('Total Loss', 'loss', keyOfLetter.T),
  chart('14 IoU/gIoU Validation Accuracy', 'AP', ...pair('').map((set) => apKeys(set).mean)),
  chart('17 IoU/gIoU Validation Accuracy', 'AP', ...pair('val2017-').map((set) => apKeys(set).mean)),
  chart('AP at .50', 'AP50', ...pair('').map((set) => apKeys(set).at50)),
  chart('AP at .75', 'AP75', ...pair('').map((set) => apKeys(set).at75)),
  chart('AP at .50, 2017', 'AP50', ...pair('val2017-').map((set) => apKeys(set).at50)),
  chart('AP at .75, 2017', 'AP75', ...pair('val2017-').map((set) => apKeys(set).at75)),
  chart('Average Loss', 'loss', averageLossKey),
  chart('Batch Loss', 'loss', batchLossKey),
  chart('Learning Rate', 'rate', rateKey),
  chart('Time of a Step', 'ms', stepTimeKey),
  chart('Waiting for Data', 'ms', waitTimeKey),
];

const taken = new Set(known.flatMap(({ keys }) => keys));

/** Those for which at least one run has points. */
export const chartsOf = (runs: readonly RunView[]): readonly Chart[] => {
  const keys = new Set(runs.flatMap(({ metrics }) => Object.keys(metrics)));
  const others = [...keys].filter((key) => !taken.has(key)).sort((a, b) => a.localeCompare(b));
  return [
    ...known
      .map((one) => ({ ...one, keys: one.keys.filter((key) => keys.has(key)) }))
      .filter(({ keys: mine }) => mine.length > 0),
    ...others.map((key) => chart(key, key.slice(key.lastIndexOf('/') + 1), key)),
  ];
};
