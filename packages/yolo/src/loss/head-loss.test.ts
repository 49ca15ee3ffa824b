/** Every case of goldens/yolo_layer: what the original computes, prints and logs for one layer and one mini-batch. */
import { fetch, jit, reshape, type Tensor, tensor } from '@gdarknet/tensor';
import { describe, expect, test } from 'vitest';
import { assign, countTruths } from './assignment.ts';
import { boxRows, entriesOf, publishedLoss } from './head.ts';
import { headLoss } from './head-loss.ts';
import { logFragment, regionLine } from './log-text.ts';
import { activate } from './prediction.ts';
import { readStatistics } from './statistics.ts';
import { devices } from './testing/devices.ts';
import { headOf, interleave, layerCases, layerFile, mismatches } from './testing/goldens.ts';

/** A text with its numbers taken out, and the numbers. */
const dissect = (text: string): { readonly frame: string; readonly numbers: readonly number[] } => ({
  frame: text.replace(/-?(\d+\.\d{6}|inf)/g, '#'),
  numbers: (text.match(/-?(\d+\.\d{6}|inf)/g) ?? []).map((t) => Number(t.replace('inf', 'Infinity'))),
});

describe.each(devices)('on %s', (_, open) => {
  test.each(layerCases.map((c) => [c.case, c] as const))('%s', async (_name, c) => {
    const device = await open();
    const head = headOf(c);
    const channels = head.mask.length * entriesOf(head);
    const cells = c.w * c.h;
    const nchw = (x: ArrayLike<number>) => interleave(Float32Array.from(x), cells, channels);
    const raw = tensor(interleave(layerFile(c, 'input'), channels, cells), [c.batch, c.h, c.w, channels]);
    const truth = layerFile(c, 'truth');
    const { targets } = assign([head], truth, countTruths(truth, c.max_boxes), publishedLoss.compat);
    const run = jit(device, (x: Tensor, t: typeof targets) => {
      const { delta, cost, statistics, output } = headLoss(head, x, t, 0, publishedLoss);
      const activated = activate(head, reshape(boxRows(head, x))(x));
      return [delta, cost, statistics, output, activated].map(fetch);
    });
    const [delta, cost, statistics, output, activated] = await run(raw, targets);
    const close = { rtol: 1e-6, atol: 1e-6 };
    expect(mismatches(nchw(activated), layerFile(c, 'activated'), close)).toEqual([]);
    expect(mismatches(nchw(output), layerFile(c, 'output'), close)).toEqual([]);
    const flagged = c.tie_sensitive_delta_indices;
    expect(mismatches(nchw(delta), layerFile(c, 'delta'), { rtol: 1e-5, atol: 1e-5 }, flagged)).toEqual([]);
    expect(mismatches(cost, [c.cost === 'inf' ? Infinity : Number(c.cost)], { rtol: 1e-4, atol: 0 })).toEqual([]);

    const stats = readStatistics(statistics);
    for (const [found, expected] of [
      [regionLine(head, 0, stats), c.log_line],
      [logFragment(stats), c.log_csv_fragment ?? ''],
    ]) {
      expect(dissect(found).frame).toBe(dissect(expected).frame);
      expect(mismatches(dissect(found).numbers, dissect(expected).numbers, { rtol: 1e-4, atol: 2e-6 })).toEqual([]);
    }
    await device.close();
  });
});
