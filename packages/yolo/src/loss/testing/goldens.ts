/** Figures made by running the original: `fixtures/boxes` as it came, `fixtures/yolo-layer` packed (equal arrays once). */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readF32, readF64, readJson } from '../../../../../test/shared.ts';
import type { HeadConfig } from '../head.ts';

const fixture = (...parts: string[]): string =>
  join(dirname(dirname(fileURLToPath(import.meta.url))), 'fixtures', ...parts);

export const boxGoldens = {
  /** `[209, 8]`. */
  pairs: readF32(fixture('boxes', 'pairs.bin')),
  /** `[209, 12]`. */
  results: readF32(fixture('boxes', 'results.bin')),
  /** `[209, 8]`. */
  trueGradient: readF64(fixture('boxes', 'true_gradient_f64.bin')),
  labels: readJson<{ labels: string[] }>(fixture('boxes', 'manifest.json')).labels,
  smooth: readJson<{ true_gradient: { smooth: number[] } }>(fixture('boxes', 'manifest.json')).true_gradient.smooth,
};

type CaseFile = 'input' | 'truth' | 'activated' | 'output' | 'delta';

export type LayerCase = {
  readonly case: string;
  readonly iou_loss: 'mse' | 'iou' | 'giou';
  readonly representation: 'exp' | 'lin';
  readonly batch: number;
  readonly w: number;
  readonly h: number;
  readonly net_w: number;
  readonly net_h: number;
  readonly classes: number;
  readonly mask: readonly number[];
  readonly anchors: readonly number[];
  readonly ignore_thresh: number;
  readonly truth_thresh: number;
  readonly iou_normalizer: number;
  readonly cls_normalizer: number;
  readonly max_boxes: number;
  readonly cost: number | string;
  readonly log_line: string;
  readonly log_csv_fragment: string | null;
  readonly tie_sensitive_delta_indices: readonly number[];
  readonly files: { readonly [K in CaseFile]: readonly [start: number, length: number] };
};

export const layerCases = readJson<readonly LayerCase[]>(fixture('yolo-layer.json'));
const values = readF32(fixture('yolo-layer.bin.gz'));

export const layerFile = (c: LayerCase, file: CaseFile): Float32Array => {
  const [start, length] = c.files[file];
  return values.subarray(start, start + length);
};

export const headOf = (c: LayerCase): HeadConfig => ({
  classes: c.classes,
  anchors: Array.from({ length: c.anchors.length / 2 }, (_, i) => [c.anchors[2 * i], c.anchors[2 * i + 1]]),
  mask: c.mask,
  ignoreThresh: c.ignore_thresh,
  truthThresh: c.truth_thresh,
  loss: c.iou_loss,
  representation: c.representation,
  iouNormalizer: c.iou_normalizer,
  clsNormalizer: c.cls_normalizer,
  netWidth: c.net_w,
  netHeight: c.net_h,
  width: c.w,
  height: c.h,
});

/** `[n, channels, h * w]` to `[n, h * w, channels]`, or back with the last two swapped. */
export const interleave = (x: Float32Array, channels: number, cells: number): Float32Array => {
  const out = new Float32Array(x.length);
  for (let at = 0; at < x.length; at += channels * cells) {
    for (let c = 0; c < channels; c++)
      for (let i = 0; i < cells; i++) out[at + i * channels + c] = x[at + c * cells + i];
  }
  return out;
};

/** Places where `found` is further from `expected` than allowed; infinities and NaN must be met exactly. */
export const mismatches = (
  found: ArrayLike<number>,
  expected: ArrayLike<number>,
  { rtol, atol }: { readonly rtol: number; readonly atol: number },
  skip: readonly number[] = [],
): readonly string[] => {
  if (found.length !== expected.length) return [`${found.length} values instead of ${expected.length}`];
  const skipped = new Set(skip);
  return Array.from(expected).flatMap((want, i) => {
    const got = found[i];
    const close = Number.isFinite(want) ? Math.abs(got - want) <= atol + rtol * Math.abs(want) : Object.is(got, want);
    return close || skipped.has(i) ? [] : [`[${i}] ${got} instead of ${want}`];
  });
};
