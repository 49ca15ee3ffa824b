/** The demonstration, much shortened: everything that `npm start` promises is there. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gdarknet } from '../testing/cli.ts';

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'gdarknet-demo-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const small = ['--train', '8', '--valid', '4', '--size', '32', '--batch', '4'];
const scores = { AP: expect.any(Number), AP50: expect.any(Number), AP75: expect.any(Number) };

describe('shapes-demo', () => {
  it('trains each loss, prints the table, leaves runs, charts, pictures and results', async () => {
    const out = join(dir, 'all');
    const { status, stdout, stderr } = await gdarknet(['shapes-demo', '--out', out, '--batches', '3', ...small]);
    expect(status, stderr).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(5);
    expect(lines[0]).toMatch(/IoU metric +GIoU metric/);
    expect(lines[1].split(/ +/)).toEqual(['loss', 'AP', 'AP50', 'AP75', 'AP', 'AP50', 'AP75']);
    for (const [i, loss] of ['mse', 'iou', 'giou'].entries())
      expect(lines[i + 2]).toMatch(new RegExp(`^${loss}( +\\d\\.\\d{3}){6}$`));
    expect(readdirSync(out).sort()).toEqual([
      'ap-giou.svg',
      'ap-iou.svg',
      'giou',
      'iou',
      'loss.svg',
      'mse',
      'results.json',
      'results.txt',
      'validation-giou.png',
      'validation-iou.png',
      'validation-mse.png',
    ]);
    expect(readdirSync(join(out, 'giou'))).toContain('shapes-giou_final.weights');
    const results = JSON.parse(readFileSync(join(out, 'results.json'), 'utf8'));
    expect(results.results.map(({ loss }: { loss: string }) => loss)).toEqual(['mse', 'iou', 'giou']);
  });

  it('--minutes fits the number of batches into the time; --json prints nothing but JSON', async () => {
    const out = join(dir, 'timed');
    const { status, stdout } = await gdarknet([
      'shapes-demo',
      '--out',
      out,
      '--losses',
      'giou',
      '--batches',
      '100000',
      '--minutes',
      '0.1',
      '--json',
      ...small,
    ]);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      folder: out,
      seconds: expect.any(Number),
      results: [{ loss: 'giou', iou: scores, giou: scores }],
    });
    const run = JSON.parse(readFileSync(join(out, 'giou', 'run.json'), 'utf8'));
    expect(run.plan.batches).toBeGreaterThanOrEqual(20);
    expect(run.plan.batches).toBeLessThan(100_000);
  });

  it('a size that the network cannot take is refused', async () => {
    const { status, stderr } = await gdarknet(['shapes-demo', '--size', '100']);
    expect(status).toBe(1);
    expect(stderr).toContain('--size 100: is no multiple of 16');
  });
});
