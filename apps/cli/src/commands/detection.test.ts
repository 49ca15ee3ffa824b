/** `test`, `detect` and `valid` as scripts call them, and what they say of bad input. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { goldenPath, readJson, shared, sharedPath } from '../../../../test/shared.ts';
import { gdarknet, start } from '../testing/cli.ts';
import { makeShapesSet, type ShapesSet } from '../testing/shapes-set.ts';

let set: ShapesSet;
let images: readonly string[];
beforeAll(async () => {
  set = await makeShapesSet();
  images = readFileSync(set.at('valid.txt'), 'utf8').trim().split('\n');
});
afterAll(() => set.remove());

const json = <A>(text: string): A => JSON.parse(text) as A;
type Row = {
  image: string;
  width: number;
  height: number;
  detections: { class: number; name: string; score: number; box: number[] }[];
};

const withLine = (key: string, value: string) => (text: string) =>
  text.replace(new RegExp(`^${key} *=.*$`, 'm'), `${key}=${value}`);

describe('test', () => {
  it('--json: an array, one entry an image, best first; nothing else on stdout, no picture', async () => {
    const { status, stdout } = await gdarknet(
      ['test', set.data, set.cfg, set.weights, images[0], images[1], '--thresh', '0.1', '--json'],
      { cwd: set.root },
    );
    expect(status).toBe(0);
    const rows = json<Row[]>(stdout);
    expect(rows.map(({ image }) => image)).toEqual(images.slice(0, 2));
    for (const { width, height, detections } of rows) {
      expect([width, height]).toEqual([32, 32]);
      expect(detections.length).toBeGreaterThan(0);
      for (const one of detections) {
        expect(Object.keys(one)).toEqual(['class', 'name', 'score', 'box']);
        expect(one.score).toBeGreaterThan(0.1);
        expect(one.box).toHaveLength(4);
      }
      const scores = detections.map(({ score }) => score);
      expect(scores).toEqual([...scores].sort((a, b) => b - a));
    }
    expect(existsSync(set.at('predictions.jpg'))).toBe(false);
  });

  it('draws: --out is a folder, -out a stem, neither predictions.jpg', async () => {
    const call = (...more: string[]) =>
      gdarknet(['detector', 'test', set.data, set.cfg, set.weights, images[0], '-thresh', '0.1', ...more], {
        cwd: set.root,
      });
    const { stdout } = await call('--out', 'drawn');
    expect(stdout).toMatch(/^.+valid_000001\.png: Predicted in \d+\.\d{6} seconds\.\n(\w+: \d+%\n)+$/);
    await call('-out', 'stem');
    await call();
    for (const file of ['drawn/valid_000001.jpg', 'stem.jpg', 'predictions.jpg']) {
      expect(readFileSync(set.at(file)).subarray(0, 2)).toEqual(Buffer.from([0xff, 0xd8]));
    }
  });

  it('detect needs no .data file; paths may come on stdin', async () => {
    const { status, stdout } = await gdarknet(['detect', set.cfg, set.weights, '--json', '-thresh', '0'], {
      input: `${images[2]}\n`,
    });
    expect(status).toBe(0);
    const [row] = json<Row[]>(stdout);
    expect(row.image).toBe(images[2]);
    expect(row.detections[0].name).toMatch(/^class \d$/);
  });

  it('the reference device finds what wasm finds', async () => {
    const on = async (device: string) =>
      json<Row[]>(
        (
          await gdarknet([
            'test',
            set.data,
            set.cfg,
            set.weights,
            ...images,
            '--json',
            '-thresh',
            '.2',
            '--device',
            device,
          ])
        ).stdout,
      ).flatMap(({ detections }) => detections);
    const [wasm, reference] = [await on('wasm'), await on('reference')];
    expect(wasm.length).toBeGreaterThan(0);
    expect(wasm.length).toBe(reference.length);
    wasm.forEach(({ score, box }, i) => {
      expect(score).toBeCloseTo(reference[i].score, 4);
      box.forEach((value, k) => {
        expect(value).toBeCloseTo(reference[i].box[k], 4);
      });
    });
  });

  it('a picture that cannot be used is skipped and listed; the others come, status 1', async () => {
    const text = set.at('text.jpg');
    writeFileSync(text, 'no picture');
    const { status, stdout, stderr } = await gdarknet([
      'test',
      set.data,
      set.cfg,
      set.weights,
      text,
      set.at('none.jpg'),
      images[0],
      '--json',
    ]);
    expect(status).toBe(1);
    expect(json<Row[]>(stdout).map(({ image }) => image)).toEqual([images[0]]);
    expect(stderr).toContain(`skipped: ${text}: is not a picture in a known format`);
    expect(stderr).toContain(`skipped: ${set.at('none.jpg')}: cannot be read`);
    expect(stderr).toContain('2 of 3 images could not be used');
  });
});

describe('valid', () => {
  const call = (data: string, ...more: string[]) => gdarknet(['valid', data, set.cfg, set.weights, ...more]);

  it('coco: coco_results.json in a folder that it makes, which eval reads', async () => {
    const folder = set.at('made', 'results');
    const { status, stdout } = await call(set.data, '--results', folder, '--thresh', '.05', '--json');
    expect(status).toBe(0);
    const file = join(folder, 'coco_results.json');
    expect(json(stdout)).toMatchObject({ images: 6, skipped: 0, files: [file] });
    expect(readdirSync(folder)).toEqual(['coco_results.json']);
    const scored = await gdarknet(['eval', 'coco', '--gt', set.at('instances_valid.json'), '--dt', file, '--json']);
    expect(scored.status).toBe(0);
    expect(scored.stderr).not.toContain('unknown');
  });

  it('voc: a file for every class; -prefix and -out as in the original', async () => {
    const data = set.changed(set.data, 'voc.data', withLine('eval', 'voc'));
    const { status } = await gdarknet([
      'detector',
      'valid',
      data,
      set.cfg,
      set.weights,
      '-prefix',
      set.at('voc'),
      '-out',
      'x_',
      '-thresh',
      '.05',
    ]);
    expect(status).toBe(0);
    const files = readdirSync(set.at('voc')).sort();
    expect(files).toEqual(['x_cross.txt', 'x_disc.txt', 'x_rectangle.txt', 'x_triangle.txt']);
    const lines = files.flatMap((file) => readFileSync(set.at('voc', file), 'utf8').trim().split('\n'));
    for (const line of lines.filter((l) => l !== '')) expect(line).toMatch(/^valid_\d{6}( \d+\.\d{6}){5}$/);
  });

  it('imagenet: one file, images and classes from 1', async () => {
    const data = set.changed(set.data, 'imagenet.data', withLine('eval', 'imagenet'));
    await call(data, '--results', set.at('imagenet'), '--thresh', '.05');
    const text = readFileSync(set.at('imagenet', 'imagenet-detection.txt'), 'utf8');
    expect(text.split('\n')[0]).toMatch(/^1 [1-4]( \d+\.\d{6}){5}$/);
  });

  it('the batch size changes nothing but time', async () => {
    for (const batch of ['1', '4']) await call(set.data, '--results', set.at(`b${batch}`), '--batch', batch);
    const rows = (batch: string) =>
      json<{ bbox: number[]; score: number }[]>(readFileSync(set.at(`b${batch}`, 'coco_results.json'), 'utf8'));
    expect(rows('1').length).toBeGreaterThan(0);
    expect(rows('4').length).toBe(rows('1').length);
    rows('4').forEach(({ score, bbox }, i) => {
      expect(score).toBeCloseTo(rows('1')[i].score, 5);
      bbox.forEach((value, k) => {
        expect(value).toBeCloseTo(rows('1')[i].bbox[k], 3);
      });
    });
  });

  it('missing images are skipped, counted and listed; the rest is written', async () => {
    writeFileSync(set.at('holes.txt'), [images[0], set.at('gone_000077.png'), images[1]].join('\n'));
    const data = set.changed(set.data, 'holes.data', withLine('valid', set.at('holes.txt')));
    const { status, stdout, stderr } = await call(data, '--results', set.at('holes'), '--json');
    expect(status).toBe(1);
    expect(json(stdout)).toMatchObject({ images: 2, skipped: 1 });
    expect(stderr).toContain(`skipped: ${set.at('gone_000077.png')}: cannot be read`);
    expect(stderr).toContain('1 of 3 images could not be used');
    expect(existsSync(set.at('holes', 'coco_results.json'))).toBe(true);
  });
});

it.each(['reference', 'wasm'])('Ctrl-C during valid on %s: status 130, nothing written', async (device) => {
  writeFileSync(set.at('long.txt'), `${images.join('\n')}\n`.repeat(2000));
  const data = set.changed(set.data, 'long.data', withLine('valid', set.at('long.txt')));
  const folder = set.at(`interrupted-${device}`);
  const { child, ended, until } = start(['valid', data, set.cfg, set.weights, '--results', folder, '--device', device]);
  await until('classes, on');
  child.kill('SIGINT');
  const { status, stdout, stderr } = await ended;
  expect(status, stderr).toBe(130);
  expect(stdout).toBe('');
  expect(stderr).toContain('interrupted: no result files were written');
  expect(existsSync(folder)).toBe(false);
});

describe('bad input: where, what was expected, status 1, nothing written', () => {
  const results = () => set.at('never');
  const valid = async (data: string, cfg = set.cfg, weights = set.weights, ...more: string[]) => {
    const ended = await gdarknet(['valid', data, cfg, weights, '--results', results(), ...more]);
    expect(ended).toMatchObject({ status: 1, stdout: '' });
    expect(existsSync(results())).toBe(false);
    return ended.stderr;
  };

  it('five faults of a cfg in one go', async () => {
    const bad = set.changed(set.cfg, 'five.cfg', (text) =>
      text
        .replace(/momentum=.*/, 'momentum=fast')
        .replace(/filters=.*/, 'filters=-3')
        .replace(/activation=.*/, 'activation=leeky')
        .replace(/from=.*/, 'from=-30')
        .replace('[upsample]', '[upsampel]'),
    );
    const stderr = await valid(set.data, bad);
    const lines = stderr.split('\n').filter((line) => line.startsWith(`gdarknet: ${bad}:`));
    for (const part of ['momentum', 'filters', 'activation', 'from', '[upsampel]']) {
      expect(
        lines.filter((line) => line.includes(part)),
        part,
      ).not.toEqual([]);
    }
    for (const line of lines) expect(line).toMatch(/\.cfg:\d+: .*expected .*, found .*; /);
  });

  it('filters that do not match the classes', async () => {
    const bad = set.changed(set.cfg, 'filters.cfg', (text) => text.replaceAll('filters=27', 'filters=255'));
    expect(await valid(set.data, bad)).toContain('filters: expected 27 = 3 anchors x (5 + 4 classes)');
  });

  it('weights that are too short, too long, or no weights; a part only where it is asked for', async () => {
    const bytes = readFileSync(set.weights);
    const put = (name: string, content: Uint8Array): string => {
      writeFileSync(set.at(name), content);
      return set.at(name);
    };
    const short = put('short.weights', bytes.subarray(0, bytes.length - 1000));
    expect(await valid(set.data, set.cfg, short)).toContain(`${short}: layer 19 [yolo]`.replace('19 [yolo]', ''));
    const long = put('long.weights', Buffer.concat([bytes, new Uint8Array(8)]));
    expect(await valid(set.data, set.cfg, long)).toContain(`${long}: expected ${bytes.length} bytes`);
    expect(await valid(set.data, set.cfg, put('empty.weights', new Uint8Array()))).toContain(
      'the header of a Darknet weights file',
    );
    expect(await valid(set.data, set.cfg, set.at('none.weights'))).toContain('none.weights: cannot be read');
    const asked = await gdarknet(['valid', set.data, set.cfg, short, '--partial', '--results', set.at('partial')]);
    expect(asked.status).toBe(0);
    expect(asked.stderr).toContain('keep their initial weights');
  });

  it('lists: empty, missing, not named', async () => {
    writeFileSync(set.at('empty.txt'), '\n \n');
    const empty = set.changed(set.data, 'empty.data', withLine('valid', set.at('empty.txt')));
    expect(await valid(empty)).toContain(`${set.at('empty.txt')}:1: found no image paths`);
    const missing = set.changed(set.data, 'missing.data', withLine('valid', set.at('none.txt')));
    expect(await valid(missing)).toContain('none.txt: cannot be read');
    const none = set.changed(set.data, 'none.data', (text) => text.replace(/^valid.*$/m, ''));
    expect(await valid(none)).toContain(`${none}: has no valid=; add a line`);
  });

  it('names that are not as many as the classes; image names without an id', async () => {
    writeFileSync(set.at('two.names'), 'a\nb\n');
    const two = set.changed(set.data, 'two.data', withLine('names', set.at('two.names')));
    expect(await valid(two)).toContain(
      `${set.at('two.names')}: expected 4 names, one for each class of the network, found 2`,
    );
    const plain = set.at('images', 'plain.png');
    cpSync(images[0], plain);
    writeFileSync(set.at('plain.txt'), plain);
    const noId = set.changed(set.data, 'plain.data', withLine('valid', set.at('plain.txt')));
    expect(await valid(noId)).toContain(`${plain}: expected a file name that ends in the id of the image`);
  });

  it('a results folder that cannot be made', async () => {
    writeFileSync(set.at('file'), '');
    const ended = await gdarknet(['valid', set.data, set.cfg, set.weights, '--results', set.at('file', 'x')]);
    expect(ended.status).toBe(1);
    expect(ended.stderr).toContain('cannot be written');
  });
});

describe.skipIf(!shared)("the original's figures", () => {
  const model = (name: string) => [
    sharedPath('data', 'weights', `${name}.cfg`),
    sharedPath('data', 'weights', `${name}.weights`),
  ];
  const coco = (): string => {
    writeFileSync(
      set.at('coco.data'),
      `names=${sharedPath('data', 'weights', 'coco.names')}\neval=coco\nvalid=${set.at('smoke.txt')}\n`,
    );
    return set.at('coco.data');
  };
  type Golden = { detections: { class: number; prob: number; box: number[] }[] };

  for (const image of ['dog', 'person']) {
    it(`yolo-fastest-1.1 on ${image}`, async () => {
      const { stdout, stderr } = await gdarknet([
        'test',
        coco(),
        ...model('yolo-fastest-1.1'),
        goldenPath('detect', `${image}.decoded.png`),
        '--compat',
        'darknet-cpu',
        '--thresh',
        '0.25',
        '--json',
      ]);
      expect(stdout, stderr).not.toBe('');
      const [{ detections }] = json<Row[]>(stdout);
      const golden = readJson<Golden>(goldenPath('detect', `yolo-fastest-1.1_${image}_0.25.json`)).detections;
      const sure = golden.filter(({ prob }) => prob > 0.251);
      expect(sure.length).toBeGreaterThan(0);
      for (const one of sure) {
        const match = detections.find(
          (d) => d.class === one.class && d.box.every((value, k) => Math.abs(value - one.box[k]) < 1e-3),
        );
        expect(Math.abs((match?.score ?? 0) - one.prob)).toBeLessThan(1e-3);
      }
      expect(detections.filter(({ score }) => score > 0.251)).toHaveLength(sure.length);
    });
  }

  it('yolo-fastest-1.1 on the six JPEGs, as coco_results.json', async () => {
    mkdirSync(set.at('smoke'), { recursive: true });
    const names = ['dog', 'person', 'horses', 'eagle', 'giraffe', 'kite'];
    const paths = names.map((name, i) => {
      cpSync(sharedPath('data', 'smoke-images', `${name}.jpg`), set.at('smoke', `${i + 1}.jpg`));
      return set.at('smoke', `${i + 1}.jpg`);
    });
    writeFileSync(set.at('smoke.txt'), paths.join('\n'));
    const argv = [
      'valid',
      coco(),
      ...model('yolo-fastest-1.1'),
      '--compat',
      'darknet-cpu',
      '--results',
      set.at('smoke-results'),
    ];
    expect((await gdarknet(argv)).status).toBe(0);
    type Result = { image_id: number; category_id: number; bbox: number[]; score: number };
    const ours = readJson<Result[]>(set.at('smoke-results', 'coco_results.json'));
    const golden = readJson<Result[]>(
      sharedPath('data', 'eval-fixtures', 'darknet-reference', 'yolo-fastest-1.1', 'smoke.coco_results.json'),
    );
    const sure = (rows: readonly Result[]) => rows.filter(({ score }) => score > 0.25);
    expect(sure(ours)).toHaveLength(sure(golden).length);
    for (const one of sure(golden)) {
      const match = ours.find(
        (row) =>
          row.image_id === one.image_id &&
          row.category_id === one.category_id &&
          row.bbox.every((value, k) => Math.abs(value - one.bbox[k]) < 0.5),
      );
      expect(Math.abs((match?.score ?? 0) - one.score)).toBeLessThan(1e-3);
    }
  });

  it('every odd image is detected on or refused with a reason', async () => {
    const folder = sharedPath('data', 'odd-images');
    const odd = readdirSync(folder).filter((name) => name !== 'manifest.tsv');
    const [cfg, weights] = model('yoloface-50k');
    const { status, stdout, stderr } = await gdarknet([
      'detect',
      cfg,
      weights,
      ...odd.map((name) => join(folder, name)),
      '--json',
    ]);
    expect(status).toBe(1);
    const rows = json<Row[]>(stdout);
    const skipped = stderr.split('\n').filter((line) => line.startsWith('skipped: '));
    expect(rows.length + skipped.length).toBe(odd.length);
    expect(rows.length).toBeGreaterThan(40);
    for (const line of skipped) expect(line).toMatch(/^skipped: \S+: .+; .+/);
  });
});
