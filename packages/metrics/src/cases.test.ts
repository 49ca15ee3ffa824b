/** Each of shared/cases/metrics by the ways of the library: at once, in parts, on threads, and as its program is written. */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readJson, shared, sharedPath } from '../../../test/shared.ts';
import type { CocoDetection, CocoInstances, CocoOptions, CocoResult } from './index.ts';
import {
  bestF1,
  CocoInputError,
  calibration,
  cocoAccumulator,
  curveOf,
  errorBreakdown,
  evaluateCoco,
  OptionError,
} from './index.ts';
import { readCocoInstances, readCocoResults } from './io/index.ts';
import type { CocoThreads } from './node/index.ts';
import { cocoThreads } from './node/index.ts';

const packageFolder = fileURLToPath(new URL('..', import.meta.url));
const at = (file: string): string => sharedPath('cases', 'metrics', file);
const truthOf = (name: string): CocoInstances => readJson<CocoInstances>(at(`${name}.gt.json`));
const foundOf = (name: string): CocoDetection[] => readJson<CocoDetection[]>(at(`${name}.dt.json`));

let threads: CocoThreads;
/** A folder in which `@gdarknet/metrics` is installed. */
let dir = '';
beforeAll(() => {
  threads = cocoThreads(2);
  dir = mkdtempSync(join(packageFolder, '.cases-'));
  mkdirSync(join(dir, 'node_modules/@gdarknet'), { recursive: true });
  symlinkSync(packageFolder, join(dir, 'node_modules/@gdarknet/metrics'));
});
afterAll(async () => {
  rmSync(dir, { recursive: true, force: true });
  await threads.close();
});

type Evaluate = (truth: CocoInstances, found: readonly CocoDetection[], options?: CocoOptions) => Promise<CocoResult>;

const atOnce: Evaluate = async (truth, found, options) => evaluateCoco(truth, found, options);

/** Image by image, each part sent as a message is; rows on unknown images come as a shard of their own. */
const inParts: Evaluate = async (truth, found, options) => {
  const coco = cocoAccumulator(truth.categories, options);
  const known = new Set(truth.images.map(({ id }) => id));
  const on = <A extends CocoDetection | CocoInstances['annotations'][number]>(rows: readonly A[], id: unknown): A[] =>
    rows.filter((row) => row.image_id === id);
  const strangers = coco.shard(
    { images: [], annotations: truth.annotations.filter((row) => !known.has(row.image_id)) },
    found.filter((row) => !known.has(row.image_id)),
  );
  const parts = truth.images.map((image) =>
    structuredClone(coco.shard({ images: [image], annotations: on(truth.annotations, image.id) }, on(found, image.id))),
  );
  return coco.finish(parts.reduce(coco.merge, strangers));
};

const onThreads: Evaluate = (truth, found, options) => threads.evaluate(truth, found, options as object);

const ways = { library: atOnce, accumulator: inParts, threads: onThreads } as const;
type Ended = { readonly status: number; readonly stdout: string; readonly stderr: string };

/** Runs a program of the cases as its reader does. */
const program = (name: string): Promise<Ended> => {
  cpSync(at(name), join(dir, name));
  const args = ['--conditions=@gdarknet/source', '--disable-warning=ExperimentalWarning', name];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: dir, encoding: 'utf8' }, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
};

const box = [0, 0, 10, 10];
const one: CocoInstances = {
  images: [{ id: 1 }],
  categories: [{ id: 1, name: 'a' }],
  annotations: [{ id: 1, image_id: 1, category_id: 1, bbox: box, area: 100 }],
};

describe.skipIf(!shared)('the programs of the cases', () => {
  it('nan-score.mjs ends with an error that names the row and the score', async () => {
    const { status, stdout, stderr } = await program('nan-score.mjs');
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/CocoInputError.*detections\[0\]\.score: found NaN, expected a number/);
  });

  it('curve-index.mjs takes 0.75 for an IoU and refuses 5 with those that were evaluated', async () => {
    const { status, stdout, stderr } = await program('curve-index.mjs');
    expect({ status, stdout }).toEqual({ status: 1, stdout: 'AP75 0\n0.75 0 0 0.9\n' });
    expect(stderr).toMatch(/OptionError.*threshold.*5.*0\.5, 0\.55.*0\.95/);
  });

  it('tide-class-without-objects.mjs prints the rule of the default; compat is tidecv', async () => {
    const { status, stdout } = await program('tide-class-without-objects.mjs');
    expect(status).toBe(0);
    expect(stdout).toMatch(/AP: 1,[\s\S]*both: 0,/);
    const categories = [{ id: 1 }, { id: 2 }];
    const object = { id: 1, image_id: 1, category_id: 1, bbox: [0, 0, 20, 60], area: 1200, iscrowd: 0 };
    const found = [
      { image_id: 1, category_id: 1, bbox: [0, 0, 20, 60], score: 0.9 },
      { image_id: 1, category_id: 2, bbox: [0, 0, 60, 60], score: 0.8 },
    ];
    const truth = { images: [{ id: 1 }], categories, annotations: [object] };
    const { AP, cost } = errorBreakdown(truth, found, { compat: true });
    expect([AP, cost.both]).toEqual([0.5, 0.5]);
  });
});

describe.skipIf(!shared).each(Object.entries(ways))('the cases through the %s', (_way, evaluate) => {
  it('scores that are no numbers are refused with the row, wherever it stands', async () => {
    const right = { image_id: 1, category_id: 1, bbox: box };
    const wrong = { ...right, bbox: [50, 50, 5, 5] };
    for (const score of [Number.NaN, undefined, 'high']) {
      for (const rows of [
        [wrong, right],
        [right, wrong],
      ]) {
        const found = rows.map((row) => ({ ...row, score })) as unknown as CocoDetection[];
        const refusal = evaluate(one, found);
        await expect(refusal).rejects.toThrow(CocoInputError);
        await expect(refusal).rejects.toThrow(/detections\[0\]\.score/);
        const second = [{ ...right, score: 0.5 }, found[1]];
        await expect(evaluate(one, second)).rejects.toThrow(/detections\[1\]\.score/);
      }
    }
  });

  it('a threshold is an IoU', async () => {
    const result = await evaluate(one, [{ image_id: 1, category_id: 1, bbox: [0, 0, 6, 10], score: 0.9 }]);
    const place = { threshold: 0.75 };
    expect([result.stats[2], curveOf(result, 1, place).precision[0], bestF1(result, place)[0].f1]).toEqual([0, 0, 0]);
    expect(calibration(result, place).expected).toBeCloseTo(0.9, 12);
    expect(curveOf(result, 1, { threshold: 0.5 }).precision[0]).toBe(1);
    for (const ask of [
      () => curveOf(result, 1, { threshold: 5 }),
      () => bestF1(result, { threshold: 5 }),
      () => calibration(result, { threshold: 5 }),
      () => curveOf(result, 1, { threshold: 0.75, area: 'tiny' }),
    ]) {
      expect(ask).toThrow(OptionError);
      expect(ask).toThrow(/0\.5, 0\.55|all, small, medium/);
    }
  });

  it('an object on an image that is not there is told', async () => {
    const { stats, notes } = await evaluate(truthOf('ann-unknown-image'), foundOf('ann-unknown-image'));
    expect(stats[0]).toBeCloseTo(1, 12);
    expect(notes.map(({ tag, count }) => [tag, count])).toEqual([['object-unknown-image', 1]]);
    expect(notes[0].text).toMatch(/1 object .* image 77/);
  });

  it("LVIS's fields are told", async () => {
    const { stats, notes } = await evaluate(truthOf('lvis'), foundOf('lvis'));
    expect(stats[0]).toBeCloseTo(0.75, 12);
    expect(notes.map(({ tag, count }) => [tag, count])).toEqual([['lvis-fields', 2]]);
  });

  it('masks without boxes are one error that names them', async () => {
    const refusal = evaluate(truthOf('segm-only'), foundOf('segm-only'));
    await expect(refusal).rejects.toThrow(CocoInputError);
    await expect(refusal).rejects.toThrow(/rows? with masks and without boxes/);
  });

  it('images may have names', async () => {
    const { stats, notes } = await evaluate(truthOf('string-names'), foundOf('string-names'));
    expect(stats[0]).toBeCloseTo(1, 12);
    expect(notes).toEqual([]);
  });

  it('gzip is read', async () => {
    const truth = await readCocoInstances(at('gz.gt.json.gz'));
    const found = await readCocoResults(at('gz.dt.json.gz'));
    if (truth._tag === 'Left' || found._tag === 'Left') throw new Error('gzip was not read');
    expect((await evaluate(truth.right, found.right)).stats[0]).toBeCloseTo(1, 12);
  });
});
