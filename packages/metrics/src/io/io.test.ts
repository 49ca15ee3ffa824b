import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { goldenPath, readJson, shared } from '../../../../test/shared.ts';
import { evaluateVoc } from '../index.ts';
import type { Either } from './index.ts';
import {
  readCocoInstances,
  readCocoResults,
  readVocAnnotations,
  readVocDetections,
  showFault,
  writeCocoResults,
  writeVocDetections,
} from './index.ts';
import { jsonPieces } from './json-pieces.ts';

const rightOf = <E, A>(result: Either<E, A>): A => {
  if (result._tag === 'Left') throw new Error(JSON.stringify(result.left));
  return result.right;
};

let dir = '';
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'gdarknet-metrics-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const inChunks = async function* (text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
};

describe('JSON in pieces', () => {
  it('is JSON.parse, wherever the chunks are cut', async () => {
    const element = fc.jsonValue({ maxDepth: 3 });
    const document = fc.oneof(fc.array(element), fc.dictionary(fc.string(), fc.oneof(element, fc.array(element))));
    await fc.assert(
      fc.asyncProperty(
        document,
        fc.integer({ min: 1, max: 40 }),
        fc.constantFrom(0, 2),
        async (value, size, indent) => {
          const text = JSON.stringify(value, null, indent);
          expect(await jsonPieces(inChunks(text, size))).toEqual(JSON.parse(text));
        },
      ),
    );
  });

  it('refuses what is no list and no object, and what ends too early', async () => {
    for (const text of ['', '7', '[1', '{"a": [1, 2}', '[1]]', '[1] [2]', '[tru]', '{"a" 1}']) {
      await expect(jsonPieces(inChunks(text, 3)), text).rejects.toThrow();
    }
  });
});

describe('files', () => {
  it('results: written whole, read back, also in pieces', async () => {
    const path = join(dir, 'r.json');
    const rows = [{ image_id: 1, category_id: 2, bbox: [0.1, 2, 3, 4], score: 0.5 }];
    rightOf(await writeCocoResults(path, rows));
    expect(rightOf(await readCocoResults(path))).toEqual(rows);
    expect(rightOf(await readCocoResults(path, 10))).toEqual(rows);
    expect(await readdir(dir)).toEqual(['r.json']);
  });

  it('what cannot be read or written is a value with the path', async () => {
    const missing = await readCocoInstances(join(dir, 'none.json'));
    expect(missing._tag === 'Left' && showFault(missing.left[0])).toMatch(/none\.json: cannot be read: ENOENT/);
    expect((await writeCocoResults(join(dir, 'none', 'r.json'), []))._tag).toBe('Left');
    await writeFile(join(dir, 'cut.json'), '[{"image_id": 1');
    expect((await readCocoResults(join(dir, 'cut.json'), 4))._tag).toBe('Left');
  });

  it('VOC: the faults of every file together', async () => {
    await writeVocDetections(dir, 'test', ['cat'], [{ image: 'a', name: 'cat', score: 0.5, box: [1, 2, 3, 4] }]);
    await writeFile(join(dir, 'comp4_det_test_dog.txt'), 'a 1 2 3\n');
    const result = await readVocDetections(dir, 'test', ['cat', 'dog', 'emu']);
    expect(result._tag === 'Left' && result.left.map((fault) => fault.tag)).toEqual(['line', 'unreadable']);
    expect(rightOf(await readVocDetections(dir, 'test', ['cat']))).toEqual([
      { image: 'a', name: 'cat', score: 0.5, box: [1, 2, 3, 4] },
    ]);
  });

  it.skipIf(!shared)('a VOC folder evaluates as the original says', async () => {
    const home = goldenPath('voc', 'real_voc2012_mini');
    const { classes, runs } = readJson<{ classes: string[]; runs: { mean_mAP: number }[] }>(
      join(home, 'expected.json'),
    );
    const annotations = rightOf(
      await readVocAnnotations({ vocDir: join(home, 'VOCdevkit'), year: 2007, imageSet: 'test' }),
    );
    const detections = rightOf(await readVocDetections(join(home, 'results'), 'test', classes));
    expect(evaluateVoc(annotations, detections, { classes }).mean).toBeCloseTo(runs[0].mean_mAP, 12);
  });

  it.skipIf(!shared)('every golden COCO file keeps the rules', async () => {
    for (const fixture of ['01_random', '04_empty_cases', '08_degenerate', '13_real_val2017_mini']) {
      const at = (file: string) => goldenPath('coco', fixture, file);
      expect(rightOf(await readCocoInstances(at('gt.json')))).toEqual(
        rightOf(await readCocoInstances(at('gt.json'), 10)),
      );
      expect(rightOf(await readCocoResults(at('dt.json'))).length).toBeGreaterThan(0);
    }
  });
});

describe('documents beyond the longest string', () => {
  /** A list of `count` detections as bytes, made as they are read; never a string of its length. */
  const detections = async function* (count: number, padding: string): AsyncGenerator<Uint8Array> {
    const encoder = new TextEncoder();
    const row = `{"image_id":1,"category_id":2,"bbox":[0,1,2,3],"score":0.5,"note":"${padding}"}`;
    yield encoder.encode('[');
    for (let i = 0; i < count; i++) yield encoder.encode(i === 0 ? row : `,${row}`);
    yield encoder.encode(']');
  };

  it('are read from a stream of more bytes than a string has units', async () => {
    const padding = 'x'.repeat(2 ** 20);
    const count = 520;
    expect(count * padding.length).toBeGreaterThan(2 ** 29 - 24);
    const rows = (await jsonPieces(detections(count, padding), new Set(['note']))) as readonly object[];
    expect(rows).toHaveLength(count);
    expect(rows.at(-1)).toEqual({ image_id: 1, category_id: 2, bbox: [0, 1, 2, 3], score: 0.5 });
  });
});

describe('broken documents in pieces', () => {
  it('truncated anywhere: a fault, never a hang', async () => {
    const text = JSON.stringify({ images: [{ id: 1 }], annotations: [{ bbox: [1, 2, 3, 4], name: 'a"]}\\' }] });
    for (let end = 0; end < text.length; end++) {
      await expect(jsonPieces(inChunks(text.slice(0, end), 7)), text.slice(0, end)).rejects.toThrow(SyntaxError);
    }
  });

  it('any bytes are read as JSON.parse reads them, or refused', async () => {
    const piece = fc.constantFrom(
      '[',
      ']',
      '{',
      '}',
      ',',
      ':',
      '"',
      '\\',
      '1',
      'null',
      ' ',
      '"a"',
      '{"a":1}',
      '\u00e9',
      '\n',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 12 }), fc.constantFrom('[', '{'), async (pieces, first) => {
        const text = first + pieces.join('');
        const parsed = ((): unknown => {
          try {
            return JSON.parse(text);
          } catch {
            return undefined;
          }
        })();
        const ours = await jsonPieces(inChunks(text, 3)).catch((thrown: unknown) => thrown);
        if (parsed === undefined) expect(ours).toBeInstanceOf(SyntaxError);
        else expect(ours).toEqual(parsed);
      }),
      { numRuns: 3000 },
    );
  });

  it('deep nesting costs no stack in the cutting, and what the engine refuses is a fault', async () => {
    const deep = 200_000;
    const path = join(dir, 'deep.json');
    await writeFile(path, '['.repeat(deep) + ']'.repeat(deep));
    for (const inOneString of [1, 1e9]) {
      expect((await readCocoResults(path, inOneString))._tag).toBe('Left');
      expect((await readCocoInstances(path, inOneString))._tag).toBe('Left');
    }
  });
});
