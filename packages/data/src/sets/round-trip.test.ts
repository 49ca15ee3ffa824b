/** Sets through every converter and back: no box is lost, and none moves further than the format rounds. */
import { mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import type * as TE from 'fp-ts/lib/TaskEither.js';
import { describe, expect, it } from 'vitest';
import { shared, sharedPath } from '../../../../test/shared.ts';
import { type DataFault, showFault } from '../fault.ts';
import { writePng } from '../image/encode.ts';
import type { Label } from '../labels/label.ts';
import { shapesSample } from '../shapes/sample.ts';
import { type SetEntry, type SetParts, writeSet } from './darknet.ts';
import { readListedSet } from './listed.ts';
import { type ReadSet, readCocoSet, readVocSet } from './read.ts';
import { writeCocoSet, writeVocSet } from './write.ts';

const right = async <A>(task: TE.TaskEither<DataFault | readonly DataFault[], A>): Promise<A> => {
  const result = await task();
  if (E.isLeft(result)) throw new Error([result.left].flat().map(showFault).join('\n'));
  return result.right;
};

type Trip = {
  readonly write: (folder: string, parts: SetParts, names: readonly string[]) => Promise<readonly [ReadSet, ReadSet]>;
  /** How far an edge may move, in pixels. */
  readonly moves: number;
};

const trips: Readonly<Record<string, Trip>> = {
  darknet: {
    moves: 1e-3,
    write: async (folder, parts, names) => {
      const files = await right(writeSet(folder, 'set', parts, names, 'link'));
      return [await right(readListedSet(files.train, names)), await right(readListedSet(files.valid, names))];
    },
  },
  voc: {
    // Whole pixels; boxes thinner than two pixels are widened.
    moves: 1.5,
    write: async (folder, parts, names) => {
      const { root } = await right(writeVocSet(folder, parts, names, 'link'));
      return [await right(readVocSet(root, 'train', { names })), await right(readVocSet(root, 'val', { names }))];
    },
  },
  coco: {
    moves: 1e-3,
    write: async (folder, parts, names) => {
      const files = await right(writeCocoSet(folder, parts, names, 'link'));
      return [
        await right(readCocoSet(files.train, files.trainImages)),
        await right(readCocoSet(files.valid, files.validImages)),
      ];
    },
  },
};

const edges = ({ x, y, w, h }: Label, { width, height }: SetEntry): number[] => [
  (x - w / 2) * width,
  (y - h / 2) * height,
  (x + w / 2) * width,
  (y + h / 2) * height,
];

/** Every box of every picture is there again, in order, of its class, within `moves` pixels. */
const sameBoxes = (before: readonly SetEntry[], after: readonly SetEntry[], moves: number): void => {
  expect(after.map(({ width, height }) => [width, height])).toEqual(before.map(({ width, height }) => [width, height]));
  expect(after.map(({ labels }) => labels.length)).toEqual(before.map(({ labels }) => labels.length));
  let worst = 0;
  before.forEach((entry, i) => {
    expect(after[i].labels.map((l) => l.classId)).toEqual(entry.labels.map((l) => l.classId));
    entry.labels.forEach((label, j) => {
      const [a, b] = [edges(label, entry), edges(after[i].labels[j], after[i])];
      worst = Math.max(worst, ...a.map((v, k) => Math.abs(v - b[k])));
    });
  });
  expect(worst).toBeLessThanOrEqual(moves);
};

const everyWay = async (parts: SetParts, names: readonly string[]): Promise<void> => {
  for (const [name, { write, moves }] of Object.entries(trips)) {
    const [train, valid] = await write(mkdtempSync(join(tmpdir(), `${name}-`)), parts, names);
    expect([...train.faults, ...valid.faults]).toEqual([]);
    expect(train.names).toEqual(names);
    sameBoxes(parts.train, train.entries, moves);
    sameBoxes(parts.valid, valid.entries, moves);
    // And from each format to each other one.
    for (const other of Object.values(trips)) {
      const again = await other.write(
        mkdtempSync(join(tmpdir(), 'again-')),
        { train: train.entries, valid: valid.entries },
        names,
      );
      sameBoxes(parts.train, again[0].entries, moves + other.moves);
      sameBoxes(parts.valid, again[1].entries, moves + other.moves);
    }
  }
};

const boxes = (entries: readonly SetEntry[]): number => entries.reduce((n, { labels }) => n + labels.length, 0);

describe('a set through every converter', () => {
  it('keeps its boxes, thin ones and ones at the edges too, and pictures of the same name', async () => {
    const root = mkdtempSync(join(tmpdir(), 'trip-'));
    const names = ['a', 'b & <c>', 'd e'];
    const entries: SetEntry[] = [];
    for (const [i, folder] of ['x/images', 'y/images', 'z'].entries()) {
      mkdirSync(join(root, folder), { recursive: true });
      const path = join(root, folder, 'same.png');
      await writePng(path, shapesSample(1, i, 64).image)();
      const thin = { classId: 1, x: 0.5, y: 0.5, w: 0.001, h: 0.9 };
      const corner = { classId: 2, x: 0.995, y: 0.995, w: 0.01, h: 0.01 };
      const whole = { classId: 0, x: 0.5, y: 0.5, w: 1, h: 1 };
      entries.push({ path, width: 64, height: 64, labels: i === 2 ? [] : [thin, corner, whole] });
    }
    await everyWay({ train: entries, valid: entries.slice(0, 2) }, names);
  });

  it('into its own folder keeps its pictures', async () => {
    const root = mkdtempSync(join(tmpdir(), 'own-'));
    const path = join(root, 'images/train/p.png');
    mkdirSync(join(root, 'images/train'), { recursive: true });
    await writePng(path, shapesSample(1, 0, 64).image)();
    const before = readFileSync(path);
    const entry = { path, width: 64, height: 64, labels: [] };
    await right(writeSet(root, 'set', { train: [entry], valid: [entry] }, ['a'], 'link'));
    expect(readFileSync(path)).toEqual(before);
  });
});

describe.skipIf(!shared)('real sets through every converter', () => {
  it('BCCD', async () => {
    const root = sharedPath('data/bccd/BCCD');
    const names = ['RBC', 'WBC', 'Platelets'];
    const [train, valid] = [
      await right(readVocSet(root, 'trainval', { names })),
      await right(readVocSet(root, 'test', { names })),
    ];
    expect(boxes(train.entries) + boxes(valid.entries)).toBe(4888 - 2);
    await everyWay({ train: train.entries, valid: valid.entries }, names);
  });

  it('voc2012-mini', async () => {
    const root = sharedPath('data/voc2012-mini/VOCdevkit/VOC2012');
    const all = await right(readVocSet(root, 'all', { difficult: 'keep' }));
    const kept = { difficult: 'keep', names: all.names } as const;
    const [train, valid] = [await right(readVocSet(root, 'train', kept)), await right(readVocSet(root, 'val', kept))];
    expect(boxes(train.entries) + boxes(valid.entries)).toBe(273);
    await everyWay({ train: train.entries, valid: valid.entries }, all.names);
  });

  it('coco-mini', async () => {
    const root = sharedPath('data/coco-mini');
    const part = (name: string) =>
      right(readCocoSet(join(root, `annotations/instances_${name}.json`), join(root, name)));
    const [train, valid] = [await part('train2017'), await part('val2017')];
    expect([boxes(train.entries), boxes(valid.entries)]).toEqual([1732 - 18, 1560 - 17]);
    await everyWay({ train: train.entries, valid: valid.entries }, train.names);
  });
});
