/** Each of shared/cases/metrics from the command line. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shared, sharedPath } from '../../../../test/shared.ts';
import { gdarknet } from '../testing/cli.ts';

const at = (file: string): string => sharedPath('cases', 'metrics', file);
const firstLine = (value: string): RegExp => new RegExp(`^ Average Precision .* = ${value}\n`);

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'gdarknet-cases-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const put = (name: string, content: unknown): string => {
  writeFileSync(join(dir, name), JSON.stringify(content));
  return join(dir, name);
};

const pair = (name: string, ...more: string[]) =>
  gdarknet(['eval', 'coco', '--gt', at(`${name}.gt.json`), '--dt', at(`${name}.dt.json`), ...more]);

const box = [0, 0, 10, 10];
const gt = {
  images: [{ id: 1 }],
  categories: [{ id: 1, name: 'a' }],
  annotations: [{ id: 1, image_id: 1, category_id: 1, bbox: box, area: 100 }],
};
const right = { image_id: 1, category_id: 1, bbox: box };

describe.skipIf(!shared)('the cases from the command line', () => {
  it('nan-score: each score that is no number is refused with file, row and key', async () => {
    const truth = put('gt.json', gt);
    for (const score of [null, undefined, 'high']) {
      const found = put('dt.json', [
        { ...right, score: 0.5 },
        { ...right, score },
      ]);
      const { status, stdout, stderr } = await gdarknet(['eval', 'coco', '--gt', truth, '--dt', found]);
      expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
      expect(stderr).toMatch(/dt\.json.*1.*score.*expected a number/);
    }
  });

  it('curve-index: thresholds are IoUs; one beyond 1 is refused', async () => {
    const files = ['--gt', put('gt.json', gt), '--dt', put('dt.json', [{ ...right, bbox: [0, 0, 6, 10], score: 0.9 }])];
    const { stdout } = await gdarknet(['eval', 'coco', ...files, '--json']);
    const { perThreshold } = JSON.parse(stdout) as { perThreshold: { threshold: number; AP: number }[] };
    expect(perThreshold.find(({ threshold }) => threshold === 0.75)!.AP).toBe(0);
    const refused = await gdarknet(['eval', 'coco', ...files, '--iou-thresholds', '5']);
    expect(refused).toMatchObject({ status: 2, stdout: '' });
    expect(refused.stderr).toContain('--iou-thresholds');
  });

  it('ann-unknown-image: exit 0 and a note, in the text and in the JSON', async () => {
    const { status, stdout, stderr } = await pair('ann-unknown-image');
    expect(status).toBe(0);
    expect(stdout).toMatch(firstLine('1.000'));
    expect(stderr).toMatch(/note: 1 object of the ground truth names image 77/);
    const { notes } = JSON.parse((await pair('ann-unknown-image', '--json')).stdout) as { notes: { tag: string }[] };
    expect(notes.map(({ tag }) => tag)).toEqual(['object-unknown-image']);
  });

  it("lvis: COCO's figure with a note", async () => {
    const { status, stdout, stderr } = await pair('lvis');
    expect(status).toBe(0);
    expect(stdout).toMatch(firstLine('0.750'));
    expect(stderr).toMatch(/note: 2 images have LVIS's .* the figures are COCO's/);
  });

  it('segm-only: exit 1 and one message that names masks', async () => {
    const { status, stdout, stderr } = await pair('segm-only');
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr.match(/masks/g)).not.toBeNull();
    expect(stderr.match(/without boxes/g)).toHaveLength(1);
  });

  it('string-names: exit 0 and AP 1', async () => {
    const { status, stdout } = await pair('string-names');
    expect(status).toBe(0);
    expect(stdout).toMatch(firstLine('1.000'));
  });

  it('gz: exit 0, and no control characters', async () => {
    const files = ['--gt', at('gz.gt.json.gz'), '--dt', at('gz.dt.json.gz')];
    const { status, stdout, stderr } = await gdarknet(['eval', 'coco', ...files]);
    expect(status).toBe(0);
    expect(stdout).toMatch(firstLine('1.000'));
    expect(`${stdout}${stderr}`.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
  });

  it('tide-class-without-objects: --compat counts as tidecv', async () => {
    const object = { id: 1, image_id: 1, category_id: 1, bbox: [0, 0, 20, 60], area: 1200, iscrowd: 0 };
    const truth = put('tide.gt.json', { ...gt, categories: [{ id: 1 }, { id: 2 }], annotations: [object] });
    const found = put('tide.dt.json', [
      { image_id: 1, category_id: 1, bbox: [0, 0, 20, 60], score: 0.9 },
      { image_id: 1, category_id: 2, bbox: [0, 0, 60, 60], score: 0.8 },
    ]);
    const errors = async (...more: string[]) => {
      const { stdout } = await gdarknet(['eval', 'coco', '--gt', truth, '--dt', found, '--errors', '--json', ...more]);
      const { AP, cost } = (JSON.parse(stdout) as { errors: { AP: number; cost: { both: number } } }).errors;
      return [AP, cost.both];
    };
    expect(await errors('--compat')).toEqual([0.5, 0.5]);
    expect(await errors()).toEqual([1, 0]);
  });
});
