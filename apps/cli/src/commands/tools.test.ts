/** Commands on weights, and the ways to look at detections beside `test` and `valid`. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { blankImage, decodeImage, writePng } from '@gdarknet/data';
import * as E from 'fp-ts/lib/Either.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gdarknet } from '../testing/cli.ts';
import { makeShapesSet, type ShapesSet } from '../testing/shapes-set.ts';

let set: ShapesSet;
let weights = '';
let images: readonly string[] = [];
beforeAll(async () => {
  set = await makeShapesSet();
  const cfg = set.changed(set.cfg, 'quick.cfg', (text) => text.replace('learning_rate=0.001', 'learning_rate=0.02'));
  await done('train', set.data, cfg, '--prefix', 'quick', '--max-batches', '200');
  weights = set.at('backup', 'quick', 'quick_final.weights');
  images = readFileSync(set.at('valid.txt'), 'utf8')
    .trim()
    .split('\n')
    .map((path) => (path.startsWith('/') ? path : set.at(path)));
});
afterAll(() => set?.remove());

const done = async (...argv: string[]): Promise<string> => {
  const { status, stdout, stderr } = await gdarknet(argv, { cwd: set.root });
  expect(status, stderr).toBe(0);
  return stdout;
};
const json = async <A>(...argv: string[]): Promise<A> => JSON.parse(await done(...argv, '--json')) as A;

const floats = (file: string): Float32Array => new Float32Array(new Uint8Array(readFileSync(file)).slice(20).buffer);

describe('commands on weights', () => {
  it('partial: the first layers, counter 0, under the original’s order of arguments', async () => {
    const out = set.at('small.conv.10');
    await done('partial', set.cfg, weights, out, '10');
    const [cut, whole] = [floats(out), floats(weights)];
    expect(cut).toEqual(whole.slice(0, cut.length));
    expect(cut.length).toBeGreaterThan(1000);
    expect(readFileSync(out).readBigUInt64LE(12)).toBe(0n);
    const trained = await gdarknet(['train', set.data, set.cfg, out, '--prefix', 'tuned', '--max-batches', '1']);
    expect(trained.status, trained.stderr).toBe(0);
    expect(await gdarknet(['partial', set.cfg, weights, out, 'x'])).toMatchObject({ status: 1 });
  });

  it('average: the mean of every value', async () => {
    const out = set.at('mean.weights');
    await done('average', set.cfg, out, weights, set.weights);
    const [mean, a, b] = [out, weights, set.weights].map(floats);
    const off = mean.findIndex((value, i) => value !== Math.fround((a[i] + b[i]) / 2));
    expect(off).toBe(-1);
    expect(readFileSync(out).readBigUInt64LE(12)).toBe(readFileSync(weights).readBigUInt64LE(12));
    const backbone = set.at('half.conv.10');
    await done('partial', set.cfg, weights, backbone, '10');
    const half = await gdarknet(['average', set.cfg, set.at('none.weights'), weights, backbone]);
    expect(half).toMatchObject({
      status: 1,
      stderr: expect.stringContaining(`${backbone}: ends before the last layer`),
    });
    expect(existsSync(set.at('none.weights'))).toBe(false);
  });

  it('print: what a layer holds', async () => {
    type Printed = { seen: number; arrays: { name: string; count: number; values: number[]; mean: number }[] };
    const { seen, arrays } = await json<Printed>('print', set.cfg, weights, '0', '--values');
    expect(seen).toBe(800);
    expect(arrays.map(({ name }) => name).sort()).toEqual([
      'biases',
      'rollingMean',
      'rollingVariance',
      'scales',
      'weights',
    ]);
    const biases = arrays.find(({ name }) => name === 'biases');
    expect(biases?.values).toEqual([...floats(weights).slice(0, 16)]);
    expect(await done('print', set.cfg, weights)).toContain('800 images seen');
    for (const [layer, text] of [
      ['999', 'layer: expected a whole number from 0 to 21, found 999; '],
      ['one', 'layer: expected a whole number from 0 to 21, found one; '],
      ['4', 'layer 4: has no weights; '],
    ]) {
      const refused = await gdarknet(['print', set.cfg, weights, layer]);
      expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining(text) });
    }
  });

  it('fold: the same detections without batch normalisation', async () => {
    const [cfg, out] = [set.at('folded.cfg'), set.at('folded.weights')];
    await done('fold', set.cfg, weights, out, '--out-cfg', cfg);
    // Neither file alone, and none that was read overwritten.
    const half = await gdarknet(['fold', set.cfg, weights, set.at('half.weights'), '--out-cfg', join(out, 'x.cfg')]);
    expect(half.status).toBe(1);
    expect(existsSync(set.at('half.weights'))).toBe(false);
    const same = await gdarknet(['fold', set.cfg, weights, weights, '--out-cfg', set.at('half.cfg')]);
    expect(same).toMatchObject({ status: 1, stderr: expect.stringContaining(`${weights}: is named twice`) });
    expect(readFileSync(cfg, 'utf8')).not.toContain('batch_normalize=1');
    type Row = { detections: { class: number; score: number; box: number[] }[] };
    const [before, after] = await Promise.all(
      [
        [set.cfg, weights],
        [cfg, out],
      ].map((net) => json<Row[]>('test', set.data, ...net, ...images, '--thresh', '0.02')),
    );
    const count = before.reduce((sum, { detections }) => sum + detections.length, 0);
    expect(count).toBeGreaterThan(5);
    before.forEach(({ detections }, i) =>
      detections.forEach(({ class: id, score, box }, k) => {
        const other = after[i].detections[k];
        expect(other.class).toBe(id);
        expect(Math.abs(other.score - score)).toBeLessThan(1e-4);
        box.forEach((value, k) => {
          expect(Math.abs(other.box[k] - value)).toBeLessThan(1e-4 * Math.max(1, Math.abs(value)));
        });
      }),
    );
  });

  it('export onnx: a model with the weights in it, folded or not, and with random ones', async () => {
    const out = set.at('small.onnx');
    const { bytes } = await json<{ bytes: number }>(
      'export',
      'onnx',
      set.cfg,
      weights,
      '--out',
      out,
      '--outputs',
      'both',
    );
    const model = readFileSync(out);
    expect(model.length).toBe(bytes);
    expect(bytes).toBeGreaterThan(4 * floats(weights).length * 0.98);
    for (const name of ['image', 'yolo_', 'boxes', 'scores', 'gdarknet.heads'])
      expect(model.includes(name), name).toBe(true);
    expect(model.includes('BatchNormalization')).toBe(false);
    await done('export', 'onnx', set.cfg, '--out', out, '--no-fold', '--names', set.at('shapes.names'));
    expect(readFileSync(out).includes('BatchNormalization')).toBe(true);
    expect(readFileSync(out).includes('gdarknet.names')).toBe(true);
    expect((await gdarknet(['export', 'onnx', set.cfg, set.cfg, '--out', out])).status).toBe(1);
  });

  it('speed and ops', async () => {
    const timed = await json<{ evaluations: number; seconds: number; flops: number }>(
      'speed',
      set.cfg,
      '3',
      '--threads',
      '1',
    );
    expect(timed.evaluations).toBe(3);
    expect(timed.seconds).toBeGreaterThan(0);
    expect(await done('speed', set.cfg, '1', '--weights', weights)).toMatch(/1 evals, median .* sec/);
    expect((await json<{ flops: number }>('ops', set.cfg)).flops).toBe(timed.flops);
  });
});

describe('looking at detections', () => {
  it('recall: counts labelled objects under boxes, one line an image', async () => {
    type Recall = { images: number; objects: number; found: number; recall: number };
    const labels = images.map((path) =>
      readFileSync(path.replace('images', 'labels').replace(/[.]\w+$/, '.txt'), 'utf8'),
    );
    const objects = labels.join('').trim().split('\n').length;
    const all = await json<Recall>('recall', set.data, set.cfg, weights);
    expect(all).toMatchObject({ images: images.length, objects });
    expect(all.recall).toBeCloseTo(all.found / objects, 12);
    const lenient = await json<Recall>('recall', set.data, set.cfg, weights, '--iou', '0.1');
    expect(lenient.found).toBeGreaterThan(0);
    expect(lenient.found).toBeGreaterThanOrEqual(all.found);
    const lines = (await done('detector', 'recall', set.data, set.cfg, weights)).trim().split('\n');
    expect(lines).toHaveLength(images.length);
    expect(lines.at(-1)).toMatch(/^ +\d+ +\d+ +\d+ RPs\/Img: [\d.]+ IOU: [\d.]+% Recall:[\d.]+%$/);
  });

  it('valid2: mirrored pictures give mirrored boxes', async () => {
    mkdirSync(set.at('mirror', 'images'), { recursive: true });
    const list: string[] = [];
    for (const path of images) {
      const image = await decodeImage(path)();
      if (E.isLeft(image)) throw new Error(path);
      const { width, height, data } = image.right;
      const turned = blankImage(width, height, [0, 0, 0]);
      for (let i = 0; i < width * height; i++) {
        const from = (i - (i % width) + width - 1 - (i % width)) * 3;
        turned.data.set(data.subarray(from, from + 3), i * 3);
      }
      const file = set.at('mirror', 'images', `${basename(path).split('.')[0]}.png`);
      list.push(file);
      expect(E.isRight(await writePng(file, turned)())).toBe(true);
    }
    writeFileSync(set.at('mirror.txt'), list.join('\n'));
    const data = set.changed(set.data, 'mirror.data', (text) =>
      text.replace(/^valid *=.*$/m, `valid = ${set.at('mirror.txt')}`),
    );
    const rows = async (command: string, file: string, flip: boolean): Promise<readonly number[][]> => {
      const { files } = await json<{ files: string[] }>(
        command,
        file,
        set.cfg,
        weights,
        '--results',
        set.at(`r-${command}-${flip}`),
        '--thresh',
        '0.02',
      );
      type Found = { score: number; bbox: number[] };
      return (JSON.parse(readFileSync(files[0], 'utf8')) as Found[])
        .map(({ score, bbox: [x, y, w, h] }) => [score, flip ? 32 - x - w : x, y, w, h])
        .sort((one, other) => other[0] - one[0] || one[1] - other[1]);
    };
    const [own, mirror] = [await rows('valid2', set.data, false), await rows('valid2', data, true)];
    expect(own.length).toBeGreaterThan(5);
    expect(mirror.length).toBe(own.length);
    own.forEach((row, i) => row.forEach((value, k) => expect(Math.abs(mirror[i][k] - value)).toBeLessThan(0.02)));
    const plain = [await rows('valid', set.data, false), await rows('valid', data, true)];
    expect(plain[0]).not.toEqual(plain[1]);
  });

  it('demo: a folder of pictures', async () => {
    const folder = set.at('mirror', 'images');
    const lines = (
      await done('demo', set.data, set.cfg, weights, folder, '--out', set.at('drawn'), '--thresh', '0.02', '--json')
    )
      .trim()
      .split('\n');
    expect(lines.map((line) => JSON.parse(line).frame)).toEqual(
      readdirSync(folder)
        .sort()
        .map((name) => name.split('.')[0]),
    );
    expect(readdirSync(set.at('drawn'))).toHaveLength(lines.length);
  });
});

const ffmpeg = (() => {
  try {
    execFileSync('ffmpeg', ['-version'], { stdio: 'ignore' });
    return '';
  } catch {
    return '(skipped: ffmpeg is not installed)';
  }
})();

describe.skipIf(ffmpeg !== '')(`demo on films ${ffmpeg}`, () => {
  it('reads a film and writes another, and frames as the original', async () => {
    const film = set.at('film.mp4');
    const pictures = ['-framerate', '5', '-pattern_type', 'glob', '-i', set.at('mirror', 'images', '*.png')];
    execFileSync('ffmpeg', ['-v', 'error', '-y', ...pictures, '-pix_fmt', 'yuv420p', film]);
    const out = set.at('out.mp4');
    const told = await done('demo', set.data, set.cfg, weights, film, '--out', out);
    expect(told.match(/FPS:/g)).toHaveLength(images.length);
    const probed = execFileSync('ffprobe', [
      '-v',
      'error',
      '-count_frames',
      '-show_entries',
      'stream=nb_read_frames,avg_frame_rate',
      '-of',
      'csv=p=0',
      out,
    ]);
    expect(probed.toString().trim()).toBe(`5/1,${images.length}`);
    await done('detector', 'demo', set.data, set.cfg, weights, film, '-prefix', set.at('frame'));
    expect(existsSync(set.at('frame_00000001.jpg'))).toBe(true);
    const missing = await gdarknet(['demo', set.data, set.cfg, weights, set.at('none.mp4')]);
    expect(missing.status).toBe(1);
    expect(missing.stderr).toContain('none.mp4');
  });
});
