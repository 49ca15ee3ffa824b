/** `valid` and `eval` of real models on real pictures, against the scores of Darknet's own detections. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readJson, shared, sharedPath } from '../../../../test/shared.ts';
import { gdarknet } from '../testing/cli.ts';

type Expected = { stats12: number[]; detections: number; mAP50_11point: number; mAP50_area: number };

const tolerance = 0.003;
const cocoModels = ['yolo-fastest', 'yolo-fastest-1.1', 'yolo-fastest-xl', 'MobileNetV2-YOLOv3-Nano-coco'];
const vocModels = ['MobileNetV2-YOLOv3-Nano-voc', 'MobileNetV2-YOLO-Fastest-voc'];

describe.skipIf(!shared)("Darknet's own scores", () => {
  let root = '';
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'gdarknet-reference-'));
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  const data = (kind: 'coco' | 'voc', images: readonly string[]): string => {
    const [list, file] = [join(root, `${kind}.txt`), join(root, `${kind}.data`)];
    writeFileSync(list, images.join('\n'));
    writeFileSync(file, `names=${sharedPath('data/weights', `${kind}.names`)}\nvalid=${list}\neval=${kind}\n`);
    return file;
  };
  const lines = (path: string): string[] => readFileSync(path, 'utf8').trim().split(/\s+/);
  const validate = async (file: string, model: string): Promise<string> => {
    const results = join(root, model);
    const files = ['cfg', 'weights'].map((end) => sharedPath('data/weights', `${model}.${end}`));
    const { status, stderr } = await gdarknet([
      'valid',
      file,
      ...files,
      '--compat',
      'darknet-cpu',
      '--results',
      results,
    ]);
    expect(status, stderr).toBe(0);
    return results;
  };
  const evaluate = async <A>(...argv: string[]): Promise<A> => {
    const { status, stdout, stderr } = await gdarknet(['eval', ...argv, '--json']);
    expect(status, stderr).toBe(0);
    return JSON.parse(stdout) as A;
  };
  const expected = (model: string): Expected =>
    readJson<Record<string, Expected>>(sharedPath('data/eval-fixtures/darknet-reference/expected.json'))[model];

  it.each(cocoModels)('%s on coco-mini', async (model) => {
    const folder = sharedPath('data/coco-mini');
    const images = lines(join(folder, 'val2017.txt')).map((path) => join(folder, path));
    const results = join(await validate(data('coco', images), model), 'coco_results.json');
    const instances = join(folder, 'annotations/instances_val2017.json');
    const { stats } = await evaluate<{ stats: number[] }>(
      'coco',
      '--gt',
      instances,
      '--dt',
      results,
      '--metric',
      'iou',
    );
    const { stats12, detections } = expected(model);
    expect(readJson<unknown[]>(results).length).toBe(detections);
    for (let i = 0; i < 3; i++) expect(Math.abs(stats[i] - stats12[i])).toBeLessThan(tolerance);
  });

  it.each(vocModels)('%s on voc2012-mini', async (model) => {
    const devkit = sharedPath('data/voc2012-mini/VOCdevkit');
    const ids = lines(join(devkit, 'VOC2012/ImageSets/Main/all.txt'));
    const results = await validate(
      data(
        'voc',
        ids.map((id) => join(devkit, 'VOC2012/JPEGImages', `${id}.jpg`)),
      ),
      model,
    );
    const score = async (rule: string): Promise<number> => {
      const where = ['--results', results, '--voc-dir', devkit, '--year', '2012', '--image-set', 'all'];
      const names = sharedPath('data/weights/voc.names');
      const { perThreshold } = await evaluate<{ perThreshold: { mAP: number }[] }>(
        ...['voc', ...where, '--classes', names, '--metric', 'iou', '--rule', rule],
      );
      return perThreshold[0].mAP;
    };
    const { mAP50_11point, mAP50_area } = expected(model);
    expect(Math.abs((await score('07')) - mAP50_11point)).toBeLessThan(tolerance);
    expect(Math.abs((await score('area')) - mAP50_area)).toBeLessThan(tolerance);
  });
});
