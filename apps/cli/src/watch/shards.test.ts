/** Shards of an evaluation against the whole, and both against `valid` and `eval`, on real models and pictures. */
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shared, sharedPath } from '../../../../test/shared.ts';
import { gdarknet } from '../testing/cli.ts';

describe.skipIf(!shared)('evaluation in shards', { timeout: 300_000 }, () => {
  let root = '';
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'gdarknet-shards-'));
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));
  const at = (...parts: string[]): string => join(root, ...parts);

  const json = async <A>(...argv: string[]): Promise<A> => {
    const { status, stdout, stderr } = await gdarknet([...argv, '--json']);
    expect(status, stderr).toBe(0);
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as A;
  };

  /** A run's folder with the model as its batch 500, and a .data file. */
  const run = (kind: 'coco' | 'voc', model: string, images: readonly string[]) => {
    const [list, data, folder] = [at(`${kind}.txt`), at(`${kind}.data`), at(`run-${kind}`)];
    writeFileSync(list, images.join('\n'));
    writeFileSync(data, `names=${sharedPath('data/weights', `${kind}.names`)}\nvalid=${list}\neval=${kind}\n`);
    mkdirSync(folder);
    copyFileSync(sharedPath('data/weights', `${model}.weights`), join(folder, 'model_500.weights'));
    return {
      data,
      folder,
      cfg: sharedPath('data/weights', `${model}.cfg`),
      weights: join(folder, 'model_500.weights'),
    };
  };

  const map = (folder: string): Record<string, number[]> =>
    Object.fromEntries(
      readFileSync(join(folder, 'map.txt'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => line.split(','))
        .map(([metric, , ...values]) => [metric, values.map(Number)]),
    );

  it('VOC: three shards at once, one of them twice, give the numbers of valid and eval voc', async () => {
    const images = readdirSync(sharedPath('data/voc2012-mini/VOCdevkit/VOC2012/JPEGImages'))
      .filter((name) => name.endsWith('.jpg'))
      .slice(0, 30)
      .map((name) => sharedPath('data/voc2012-mini/VOCdevkit/VOC2012/JPEGImages', name));
    const { data, folder, cfg, weights } = run('voc', 'MobileNetV2-YOLO-Fastest-voc', images);
    const place = ['--voc-dir', sharedPath('data/voc2012-mini/VOCdevkit'), '--year', '2012', '--image-set', 'all'];
    type Outcome = { done: number; scores: unknown[] };
    const shard = (k: number) => json<Outcome>('evaluate', data, cfg, weights, '--shard', `${k}/3`, ...place);
    const [first, second] = await Promise.all([shard(3), shard(1)]);
    expect([first, second].some(({ done }) => done === 2)).toBe(true);
    expect((await shard(1)).scores).toEqual([]);
    expect((await shard(2)).scores).toHaveLength(2);
    expect((await shard(2)).scores).toEqual([]);

    const results = at('results-voc');
    await json('valid', data, cfg, weights, '--results', results);
    type Voc = { perThreshold: { mAP: number }[]; mean: number };
    const names = ['--classes', sharedPath('data/weights/voc.names')];
    const scored = await json<{ iou: Voc; giou: Voc }>(
      'eval',
      'voc',
      '--results',
      results,
      ...place,
      ...names,
      '--metric',
      'both',
    );
    for (const metric of ['iou', 'giou'] as const) {
      const { mean, perThreshold } = scored[metric];
      expect(map(folder)[metric]).toEqual([mean, ...perThreshold.map(({ mAP }) => mAP)]);
      expect(readFileSync(join(folder, `500-${metric}.txt`), 'utf8')).toBe(
        [
          `${metric === 'giou' ? 'gIOU' : 'IOU'},mAP`,
          ...perThreshold.map(({ mAP }, i) => `${(50 + 5 * i) / 100},${mAP}`),
        ].join('\n'),
      );
    }
    expect(scored.iou.mean).toBeGreaterThan(0.05);
  });

  it('COCO: two shards and the second list, equal to valid and eval coco', async () => {
    const images = (part: string) =>
      readFileSync(sharedPath(`data/coco-mini/${part}.txt`), 'utf8')
        .trim()
        .split(/\s+/)
        .slice(0, 24)
        .map((path) => sharedPath('data/coco-mini', path));
    const { data, folder, cfg, weights } = run('coco', 'yolo-fastest-1.1', images('val2017'));
    const second = at('coco.val2017.data');
    writeFileSync(at('second.txt'), images('train2017').slice(0, 10).join('\n'));
    writeFileSync(second, `names=${sharedPath('data/weights/coco.names')}\nvalid=${at('second.txt')}\neval=coco\n`);
    const gt = (part: string) => sharedPath(`data/coco-mini/annotations/instances_${part}2017.json`);
    const truth = ['--gt', gt('val'), '--gt2017', gt('train')];
    for (const k of [1, 2]) await json('evaluate', data, cfg, weights, '--shard', `${k}/2`, ...truth);

    const whole = at('whole');
    mkdirSync(whole);
    copyFileSync(weights, join(whole, 'model_500.weights'));
    await json('watch', '--data', data, '--cfg', cfg, '--weights-folder', whole, '--once', ...truth);
    expect(readFileSync(join(folder, 'map.txt'), 'utf8')).toBe(readFileSync(join(whole, 'map.txt'), 'utf8'));
    expect(Object.keys(map(folder))).toEqual(['iou', 'giou', 'val2017-iou', 'val2017-giou']);

    const results = at('results-coco');
    await json('valid', data, cfg, weights, '--results', results);
    const listed = new Set(images('val2017').map((path) => Number.parseInt(path.slice(-16), 10)));
    const all = JSON.parse(readFileSync(gt('val'), 'utf8')) as {
      images: { id: number }[];
      annotations: { image_id: number }[];
    };
    const minival = { ...all, images: all.images.filter(({ id }) => listed.has(id)) };
    writeFileSync(
      at('minival.json'),
      JSON.stringify({ ...minival, annotations: all.annotations.filter((a) => listed.has(a.image_id)) }),
    );
    type Coco = { stats: number[] };
    const dt = join(results, 'coco_results.json');
    const scored = await json<{ iou: Coco; giou: Coco }>(
      'eval',
      'coco',
      '--gt',
      at('minival.json'),
      '--dt',
      dt,
      '--metric',
      'both',
    );
    for (const metric of ['iou', 'giou'] as const) {
      const row = map(folder)[metric];
      expect([row[0], row[1], row[6]]).toEqual(scored[metric].stats.slice(0, 3));
    }
    expect(scored.iou.stats[0]).toBeGreaterThan(0.05);
  });
});
