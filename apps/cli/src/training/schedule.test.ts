import { describe, expect, it } from 'vitest';
import { baseOf } from './run-folder.ts';
import { savesAt } from './schedule.ts';

describe('when weights are saved', () => {
  const from = (start: number, batches: readonly number[]) => {
    let last = start;
    return batches.filter((batch) => {
      const { numbered } = savesAt(batch, last);
      if (numbered) last = batch;
      return numbered;
    });
  };

  it('every 100 batches up to 1000, then every 1000', () => {
    const every = Array.from({ length: 3000 }, (_, i) => i + 1);
    expect(from(0, every)).toEqual([100, 200, 300, 400, 500, 600, 700, 800, 900, 1000, 2000, 3000]);
    expect(every.filter((batch) => savesAt(batch, 0).backup)).toHaveLength(30);
  });

  it('a run on several GPUs jumps over the thousands and saves when it has gone on by more than one', () => {
    expect(from(0, [5000, 5999, 6002, 7001, 7003])).toEqual([5000, 6002, 7003]);
  });

  it('a resumed run does not save at once (D-21)', () => {
    expect(from(1234, [1235, 1236])).toEqual([]);
  });
});

it("a run's files are called after the cfg, up to its first dot", () => {
  expect(['cfg/yolov3-voc.yolov3-giou-40.cfg', 'cfg', 'a.b/net.cfg'].map(baseOf)).toEqual(['yolov3-voc', 'cfg', 'net']);
});
