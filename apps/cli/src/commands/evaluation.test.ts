/** `eval` as scripts call it: JSON shapes, the original's lines, exit statuses. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { goldenPath, readJson, shared, sharedPath } from '../../../../test/shared.ts';
import { gdarknet } from '../testing/cli.ts';

const json = <A>(text: string): A => JSON.parse(text) as A;
type Coco = { metric: string; stats: number[]; perCategory: { id: number; name: string; AP: number }[] };
type Voc = {
  metric: string;
  rule: string;
  perThreshold: { threshold: number; mAP: number; ap: object }[];
  mean: number;
};

let dir = '';
const at = (name: string): string => join(dir, name);
const put = (name: string, content: string | object): string => {
  mkdirSync(join(at(name), '..'), { recursive: true });
  writeFileSync(at(name), typeof content === 'string' ? content : JSON.stringify(content));
  return at(name);
};

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'gdarknet-eval-'));
  const image = { id: 1, width: 100, height: 100 };
  const object = { id: 1, image_id: 1, category_id: 7, bbox: [10, 10, 40, 40], area: 1600, iscrowd: 0 };
  put('gt.json', { images: [image], annotations: [object], categories: [{ id: 7, name: 'cat' }] });
  put('dt.json', [{ image_id: 1, category_id: 7, bbox: [10, 10, 40, 32], score: 0.9 }]);
  put('VOCdevkit/VOC2012/ImageSets/Main/val.txt', 'a\n');
  const box = '<bndbox><xmin>11</xmin><ymin>11</ymin><xmax>50</xmax><ymax>50</ymax></bndbox>';
  const xml = `<annotation><object><name>cat</name><difficult>0</difficult>${box}</object></annotation>`;
  put('VOCdevkit/VOC2012/Annotations/a.xml', xml);
  put('voc.names', 'cat\ndog\n');
  put('results/comp4_det_test_cat.txt', 'a 0.9 11 11 50 42\n');
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('eval coco', () => {
  const call = (...more: string[]) => gdarknet(['eval', 'coco', '--gt', at('gt.json'), '--dt', at('dt.json'), ...more]);

  it('prints the twelve lines on stdout, everything else on stderr', async () => {
    const { status, stdout, stderr } = await call();
    expect(status).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(12);
    expect(lines[0]).toBe(' Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = 0.700');
    expect(stderr).toContain('1 images, 1 detections');
  });

  it('--json: one object, and nothing else', async () => {
    const result = json<Coco>((await call('--json')).stdout);
    expect(Object.keys(result)).toEqual(['metric', 'stats', 'named', 'perCategory', 'perThreshold', 'notes', 'params']);
    expect(result.metric).toBe('iou');
    expect(result.stats).toHaveLength(12);
    expect(result.stats[0]).toBeCloseTo(0.7, 12);
    const [AP, AP50, AP75] = result.stats;
    expect(result.perCategory).toMatchObject([{ id: 7, name: 'cat', AP, AP50, AP75 }]);
  });

  it('both metrics by name', async () => {
    const result = json<{ iou: Coco; giou: Coco }>((await call('--metric', 'both', '--json')).stdout);
    expect(Object.keys(result)).toEqual(['iou', 'giou']);
    expect(result.giou.metric).toBe('giou');
  });

  it('--per-class, --errors, --compare: as text and in the JSON', async () => {
    const other = put('other.json', []);
    const flags = ['--metric', 'both', '--per-class', '--errors', '--compare', other];
    const { stdout } = await call(...flags);
    expect(stdout).toContain('class     AP   AP50   AP75\ncat    70.00 100.00 100.00\n');
    expect(stdout).toMatch(/AP by giou against the other run: \+\d+\.\d\d points, 95 % of draws/);
    expect(stdout).toContain('objects that only this run finds: 1; that only the other finds: 0');
    expect(stdout).toMatch(/ missed +0 {3}0\.00/);
    type More = Coco & { errors: { AP: number }; comparison: { AP: { difference: number }; won: number[] } };
    const { iou } = json<{ iou: More }>((await call(...flags, '--json')).stdout);
    expect(iou.errors.AP).toBeCloseTo(1, 12);
    expect(iou.comparison).toMatchObject({ won: [1], first: Array(12).fill(expect.any(Number)) });
    expect(iou.comparison.AP.difference).toBeCloseTo(0.7, 12);
  });

  it('--pr and --confusion write charts', async () => {
    const { status } = await call('--pr', at('pr.svg'), '--confusion', at('confusion.svg'));
    expect(status).toBe(0);
    expect(readFileSync(at('pr.svg'), 'utf8')).toMatch(/^<svg[\s\S]*iou 0\.50 \(AP 100\.0\)[\s\S]*<\/svg>\s*$/);
    expect(readFileSync(at('confusion.svg'), 'utf8')).toMatch(/^<svg[\s\S]*>cat<[\s\S]*<\/svg>\s*$/);
    expect((await call('--pr', at('gt.json/pr.svg'))).status).toBe(1);
  });

  it('broken files: every fault with file and key, status 1, nothing on stdout', async () => {
    const gt = put('bad.json', {
      images: [{ id: 1.5 }],
      annotations: [{ image_id: 1, category_id: 1, bbox: [1] }],
      categories: [],
    });
    const broken = await gdarknet(['eval', 'coco', '--gt', gt, '--dt', at('dt.json')]);
    expect(broken).toMatchObject({ status: 1, stdout: '' });
    expect(broken.stderr).toContain(`${gt}: images[0].id: found 1.5, expected a whole number or an image's name`);
    expect(broken.stderr).toContain(`${gt}: annotations[0].bbox: found [1], expected four numbers`);
    const missing = await gdarknet(['eval', 'coco', '--gt', at('none.json'), '--dt', at('dt.json')]);
    expect(missing).toMatchObject({ status: 1, stdout: '' });
    expect(missing.stderr).toContain(`${at('none.json')}: cannot be read`);
    const text = put('text.json', 'not json');
    expect((await gdarknet(['eval', 'coco', '--gt', text, '--dt', text])).stderr).toContain(
      `${text}: cannot be read: not JSON`,
    );
  });

  it('subsets, limits, thresholds, areas and classes as one; what is not there is refused', async () => {
    const picked = json<{ named: Record<string, number>; perThreshold: { threshold: number }[] }>(
      (
        await call(
          ...['--images', '1', '--categories', 'cat', '--max-dets', '1,5,50', '--iou-thresholds', '0.5,0.9'],
          ...['--areas', 'all:0:1e10,tiny:0:100', '--class-agnostic', '--json'],
        )
      ).stdout,
    );
    expect(picked.perThreshold.map(({ threshold }) => threshold)).toEqual([0.5, 0.9]);
    expect(picked.named).toMatchObject({ AP50: expect.closeTo(1, 12), AR50: 0.5, APsmall: -1 });
    const unknown = await call('--categories', 'dog');
    expect(unknown).toMatchObject({ status: 1, stdout: '' });
    expect(unknown.stderr).toContain('--categories: no class is dog; there are cat');
    expect((await call('--images', '9')).stderr).toContain('--images: the ground truth has no image 9');
    expect((await call('--iou-thresholds', '0')).stderr).toContain('above 0 and at most 1');
    expect((await call('--areas', 'small:0:9')).stderr).toContain("one of them named 'all'");
    expect((await call('--table', 'csv')).stdout).toMatch(/\ncategory,AP,AP50,.*\ncat,0\.[67]/);
  });

  it('masks and keypoints', async () => {
    const images = [{ id: 1, width: 100, height: 100 }];
    const categories = [{ id: 7, name: 'cat' }];
    const polygon = [[10, 10, 50, 10, 50, 50, 10, 50]];
    const row = { image_id: 1, category_id: 7 };
    const keypoints = Array.from({ length: 17 }, (_, i) => [10 + i, 20 + i, 2]).flat();
    const object = {
      ...row,
      id: 1,
      segmentation: polygon,
      keypoints,
      num_keypoints: 17,
      bbox: [10, 10, 40, 40],
      area: 1600,
    };
    const gt = put('segm.json', { images, categories, annotations: [object] });
    const dt = put('segm-dt.json', [{ ...row, segmentation: polygon, keypoints, score: 0.9 }]);
    const run = (type: string, ...more: string[]) =>
      gdarknet(['eval', 'coco', '--gt', gt, '--dt', dt, '--iou-type', type, ...more]);
    expect((await run('segm')).stdout).toContain('maxDets=100 ] = 1.000');
    expect((await run('segm', '--metric', 'giou')).stdout).toContain('maxDets=100 ] = 1.000');
    expect((await run('keypoints')).stdout).toContain('maxDets= 20 ] = 1.000');
    expect(json<{ iouType: string }>((await run('keypoints', '--json')).stdout).iouType).toBe('keypoints');
    const boxes = await run('bbox');
    expect(boxes).toMatchObject({ status: 1, stdout: '' });
    expect(boxes.stderr).toContain('1 rows with masks and without boxes');
    const bad = put('segm-bad.json', [{ ...row, segmentation: { size: [100, 100], counts: 'abc' }, score: 0.9 }]);
    const refusal = await gdarknet(['eval', 'coco', '--gt', gt, '--dt', bad, '--iou-type', 'segm']);
    expect(refusal).toMatchObject({ status: 1, stdout: '' });
    expect(refusal.stderr).toMatch(/segm-bad\.json: detections\[0\]\.segmentation: .* is cut off/);
    expect((await run('segm', '--errors')).stderr).toContain('--errors looks at boxes');
  });

  it("LVIS's and Open Images' rules; what they do not have is refused", async () => {
    const object = { id: 1, image_id: 1, category_id: 7, bbox: [10, 10, 40, 40], area: 1600 };
    const lvis = put('lvis.json', {
      images: [{ id: 1, neg_category_ids: [], not_exhaustive_category_ids: [] }],
      annotations: [object],
      categories: [
        { id: 7, name: 'cat', frequency: 'r' },
        { id: 8, name: 'urn', frequency: 'f' },
      ],
    });
    const dt = put('lvis-dt.json', [
      { image_id: 1, category_id: 7, bbox: [10, 10, 40, 40], score: 0.9 },
      { image_id: 1, category_id: 8, bbox: [10, 10, 40, 40], score: 0.8 },
    ]);
    const run = (...more: string[]) => gdarknet(['eval', 'coco', '--gt', lvis, '--dt', dt, ...more]);
    const { status, stdout, stderr } = await run('--rules', 'lvis');
    expect(status).toBe(0);
    expect(stdout.trimEnd().split('\n')).toHaveLength(13);
    expect(stdout).toMatch(/maxDets=300 \| rare \] = 1\.000\n/);
    expect(stderr).toContain('note: 1 detection of a category that image 1 is not labelled for: left out');
    const named = json<{ named: object }>((await run('--rules', 'lvis', '--json')).stdout).named;
    expect(named).toMatchObject({ APf: -1, AR300: 1 });
    expect((await run('--rules', 'open-images')).stdout.split('\n')[0]).toContain('= 1.000');
    expect((await run('--rules', 'lvis', '--errors')).stderr).toContain("--errors looks at boxes by COCO's rules");
    expect((await run('--rules', 'lvis', '--iou-type', 'keypoints')).stderr).toContain('lvis has no keypoints');
    expect((await run('--rules', 'lvis', '--max-dets', '100')).stderr).toContain('the 300 best detections of an image');
    const bare = await gdarknet(['eval', 'coco', '--gt', at('gt.json'), '--dt', at('dt.json'), '--rules', 'lvis']);
    expect(bare).toMatchObject({ status: 1, stdout: '' });
    expect(bare.stderr).toMatch(/gt\.json: categories\[0\]\.frequency: found nothing, expected 'r', 'c' or 'f'/);
  });

  it('oriented boxes are refused by name', async () => {
    const turned = put('turned.json', [{ image_id: 1, category_id: 7, bbox: [30, 30, 40, 40, 0.5], score: 0.9 }]);
    const { status, stdout, stderr } = await gdarknet(['eval', 'coco', '--gt', at('gt.json'), '--dt', turned]);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/turned\.json.*oriented boxes are not supported/);
  });

  it('--json holds what the charts show', async () => {
    type Shown = Coco & {
      curves: { name: string; recall: number[] }[];
      confusion: { labels: string[]; rows: number[][] };
    };
    const result = json<Shown>((await call('--json', '--pr', at('j.svg'), '--confusion', at('k.svg'))).stdout);
    expect(result.curves.map(({ name }) => name)[0]).toBe('iou 0.50 (AP 100.0)');
    expect(result.curves[0].recall).toHaveLength(101);
    expect(result.confusion).toEqual({
      labels: ['cat', 'background'],
      rows: [
        [1, 0],
        [0, 0],
      ],
    });
  });

  it('wrong usage: status 2, what was expected, the nearest option', async () => {
    const wrong = await gdarknet(['eval', 'coco', '--gtt', 'x', '--metric', 'diou']);
    expect(wrong).toMatchObject({ status: 2, stdout: '' });
    expect(wrong.stderr).toContain('no option --gtt; did you mean --gt?');
    expect(wrong.stderr).toContain('--metric: expected iou, giou or both, found "diou"');
    expect(wrong.stderr).toContain('--dt <results.json> is missing');
  });

  it.skipIf(!shared)('--compat is the original on real annotations, both metrics', async () => {
    const fixture = (file: string) => goldenPath('coco', '13_real_val2017_mini', file);
    const { metrics } = readJson<{ metrics: Record<'iou' | 'giou', { stats: number[]; summary_text: string[] }> }>(
      fixture('expected.json'),
    );
    const argv = [
      'eval',
      'coco',
      '--gt',
      fixture('gt.json'),
      '--dt',
      fixture('dt.json'),
      '--metric',
      'both',
      '--compat',
    ];
    const results = json<Record<'iou' | 'giou', Coco>>((await gdarknet([...argv, '--json'])).stdout);
    for (const metric of ['iou', 'giou'] as const) {
      results[metric].stats.forEach((value, i) => {
        expect(Math.abs(value - metrics[metric].stats[i])).toBeLessThan(1e-12);
      });
    }
    const { stdout } = await gdarknet(argv);
    expect(stdout.trimEnd().split('\n')).toEqual([...metrics.iou.summary_text, ...metrics.giou.summary_text]);
  });
});

describe('eval check', () => {
  const object = { id: 1, image_id: 1, category_id: 7, bbox: [10, 10, 40, 40], area: 1600, iscrowd: 0 };
  const check = (gt: string, ...more: string[]) => gdarknet(['eval', 'check', '--gt', gt, ...more]);

  it('nothing doubtful: one line and status 0', async () => {
    const { status, stdout, stderr } = await check(at('gt.json'));
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'nothing doubtful\n' });
    expect(stderr).toContain('1 images, 1 annotations');
    expect(json((await check(at('gt.json'), '--json')).stdout)).toEqual({ images: 1, annotations: 1, findings: [] });
  });

  it('a line a finding, with ids: duplicates, tiny boxes, unknown ids, labels that disagree', async () => {
    const images = [
      { id: 1, width: 100, height: 100, file_name: 'a.jpg' },
      { id: 2, width: 100, height: 100, file_name: 'a.jpg' },
    ];
    const rows = [
      object,
      { ...object, id: 2 },
      { ...object, id: 3, category_id: 8 },
      { ...object, id: 4, image_id: 77 },
      { ...object, id: 5, category_id: 99 },
      { ...object, id: 6, image_id: 2, bbox: [5, 5, 1, 9], area: 9 },
    ];
    const categories = [7, 8].map((id) => ({ id, name: `class ${id}` }));
    const gt = put('doubtful.json', { images, annotations: rows, categories });
    const { status, stdout } = await check(gt);
    expect(status).toBe(0);
    expect(stdout).toContain('1 annotations name an image that images lacks: 4');
    expect(stdout).toContain('1 annotations name a category that categories lacks: 5');
    expect(stdout).toMatch(/annotations repeat the box and category of another in their image: 2/);
    expect(stdout).toMatch(/overlap one of another category/);
    expect(stdout).toContain('side of less than 2 pixels: 6');
    expect(stdout).toContain('1 images have the file of another image, with other labels: 2');
    type Checked = { findings: { tag: string; count: number; ids: number[] }[] };
    const { findings } = json<Checked>((await check(gt, '--json')).stdout);
    expect(findings.map(({ tag }) => tag)).toEqual([
      'unknown-image',
      'unknown-category',
      'duplicate',
      'labels-disagree',
      'tiny',
      'same-file',
    ]);
    expect(stdout.trimEnd().split('\n')).toHaveLength(findings.length);
  });

  it('a file that cannot be evaluated is refused with each fault', async () => {
    const gt = put('broken-check.json', { images: [{ id: 1.5 }], annotations: [], categories: [] });
    const { status, stdout, stderr } = await check(gt);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/broken-check\.json.*images\[0\]\.id/);
    expect((await check(at('none.json'))).status).toBe(1);
  });
});

describe('eval voc', () => {
  const call = (...more: string[]) =>
    gdarknet([
      'eval',
      'voc',
      '--results',
      at('results'),
      '--voc-dir',
      at('VOCdevkit'),
      '--year',
      '2012',
      '--image-set',
      'val',
      '--classes',
      at('voc.names'),
      ...more,
    ]);

  it('--json: metric, rule, perThreshold, mean; the area from 2010 on', async () => {
    const { status, stdout, stderr } = await call('--json');
    expect(status).toBe(0);
    const result = json<Voc>(stdout);
    const more = ['notes', 'dropped', 'params'];
    expect(Object.keys(result)).toEqual(['metric', 'rule', 'perThreshold', 'mean', ...more]);
    expect(result).toMatchObject({ metric: 'iou', rule: 'area' });
    expect(result.perThreshold).toHaveLength(10);
    expect(result.perThreshold[0]).toEqual({ threshold: 0.5, mAP: 0.5, ap: { cat: 1, dog: 0 } });
    expect(stderr).toContain('no result file, so no detections, for dog');
  });

  it("prints the original's summary; both rules, both metrics, the script's spellings", async () => {
    const { stdout } = await call('--rule', '07', '--metric', 'both');
    expect(stdout).toContain('VOC07 metric? Yes');
    expect(stdout).toMatch(/Threshold: 0\.50 \| mAP: 0\.500\n/);
    const script = await gdarknet([
      'eval',
      'voc',
      at('results'),
      '--voc_dir',
      at('VOCdevkit'),
      '--year',
      '2012',
      '--image_set',
      'val',
      '--classes',
      at('voc.names'),
      '--giou_metric',
      '--json',
    ]);
    expect(json<Voc>(script.stdout).metric).toBe('giou');
  });

  it('--per-class, --errors, --compare, --pr, --confusion', async () => {
    put('weaker/comp4_det_test_cat.txt', '');
    const charts = ['--pr', at('voc-pr.svg'), '--confusion', at('voc-confusion.svg')];
    const flags = ['--per-class', '--errors', '--compare', at('weaker')];
    const { status, stdout } = await call(...flags, ...charts);
    expect(status).toBe(0);
    expect(stdout).toContain('cat   100.00 100.00');
    expect(stdout).toMatch(/mAP by iou against the other run: \+\d+\.\d\d points/);
    expect(stdout).toContain('Errors at an IoU of 0.50');
    for (const chart of ['voc-pr.svg', 'voc-confusion.svg']) expect(readFileSync(at(chart), 'utf8')).toMatch(/^<svg/);
    type More = Voc & { comparison: { difference: number; first: number }; errors: object };
    const result = json<More>((await call(...flags, '--json')).stdout);
    expect(result.comparison.first).toBe(0);
    expect(result.comparison.difference).toBe(result.mean);
  });

  it('a folder without results, a broken annotation, a missing list: status 1 and which file', async () => {
    expect((await call('--results', at('nothing'))).stderr).toContain(
      `${at('nothing')}: holds no comp4_det_val_<class>.txt`,
    );
    expect((await call('--image-set', 'none')).stderr).toContain('none.txt: cannot be read');
    put('VOCdevkit/VOC2012/ImageSets/Main/bad.txt', 'b\n');
    const bad = put(
      'VOCdevkit/VOC2012/Annotations/b.xml',
      '<annotation>\n<object><name>cat</name></object>\n</annotation>',
    );
    const { status, stderr } = await call('--image-set', 'bad');
    expect(status).toBe(1);
    expect(stderr).toContain(`${bad}:2: found`);
  });

  it.skipIf(!shared)('mAP of the original on real detections', async () => {
    const model = sharedPath('data', 'eval-fixtures', 'darknet-reference', 'MobileNetV2-YOLOv3-Nano-voc');
    const argv = [
      'eval',
      'voc',
      '--results',
      model,
      '--voc-dir',
      sharedPath('data', 'voc2012-mini', 'VOCdevkit'),
      '--year',
      '2012',
      '--image-set',
      'all',
      '--classes',
      sharedPath('data', 'weights', 'voc.names'),
      '--json',
    ];
    const mAP50 = async (rule: string): Promise<number> =>
      json<Voc>((await gdarknet([...argv, '--rule', rule])).stdout).perThreshold[0].mAP;
    expect(await mAP50('07')).toBeCloseTo(0.72945, 4);
    expect(await mAP50('area')).toBeCloseTo(0.73867, 4);
  });
});
