/** The slow transcription against the figures of AlexeyAB's own program: what judges others is judged first. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readBytes, shared, sharedPath } from '../../../../../test/shared.ts';
import { decodeSlowly, rateSlowly, runSlowly, sectionsOf } from './darknet.ts';

const at = (...path: readonly string[]): string => sharedPath('goldens/v4', ...path);
const floats = (file: string, start = 0): Float32Array => new Float32Array(readBytes(file).slice(start).buffer);
const nets = shared ? readdirSync(at('network')).filter((name) => name.startsWith('forward_')) : [];

describe.skipIf(!shared)('the slow transcription', () => {
  it.each(nets)('%s: every layer within 1e-4 and 2e-5 of the largest', (name) => {
    const text = readFileSync(at('network', name, 'net.cfg'), 'utf8');
    const weights = floats(at('network', name, 'net.weights'), 20);
    const { outputs, parameters } = runSlowly(text, weights, floats(at('network', name, 'input.bin')));
    expect(parameters).toBe(weights.length);
    for (const [i, { data }] of outputs.entries()) {
      const expected = floats(at('network', name, `layer_${String(i).padStart(2, '0')}.bin`));
      // Without a truth the cost layer gives zeros.
      if (sectionsOf(text)[i + 1].type === 'cost') continue;
      expect(data.length, `layer ${i}`).toBe(expected.length);
      const largest = expected.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
      const wrong = expected.findIndex((v, k) => Math.abs(v - data[k]) > 1e-4 * Math.abs(v) + 2e-5 * largest);
      expect(wrong, `layer ${i}`).toBe(-1);
    }
  });
  it.each(nets.filter((name) => /yolo/.test(name) && !/gaussian|yolov2/.test(name)))('%s: boxes', (name) => {
    if (!existsSync(at('network', name, 'detections.json'))) return;
    const text = readFileSync(at('network', name, 'net.cfg'), 'utf8');
    const { outputs } = runSlowly(
      text,
      floats(at('network', name, 'net.weights'), 20),
      floats(at('network', name, 'input.bin')),
    );
    const [net, ...rest] = sectionsOf(text);
    const [plain] = JSON.parse(readFileSync(at('network', name, 'detections.json'), 'utf8'));
    const found = rest.flatMap(({ type, keys }, i) =>
      type === 'yolo' ? decodeSlowly(keys, net.keys, outputs[i], plain.thresh) : [],
    );
    expect(found.length).toBe(plain.count);
    const wrong = found.filter(({ box, scores }, i) => {
      const [expected, , probabilities] = plain.pre_nms[i];
      const far = (a: number, b: number) => Math.abs(a - b) > 1e-5 + 1e-4 * Math.abs(b);
      return (
        box.some((v, k) => far(v, expected[k])) ||
        scores.some((v, k) => far(v, probabilities[k]) && Math.abs(v - plain.thresh) > 1e-3)
      );
    });
    expect(wrong).toEqual([]);
  });
  it('learning rates', () => {
    const cases: Record<string, { net: string; rates: readonly (readonly [number, number])[] }> = JSON.parse(
      readFileSync(at('lr', 'rates.json'), 'utf8'),
    );
    for (const [name, { net, rates }] of Object.entries(cases)) {
      const [{ keys }] = sectionsOf(net);
      const wrong = rates.filter(([b, rate]) => Math.abs(rateSlowly(keys, b) - rate) > 1e-12 + 1e-5 * rate);
      expect(wrong, name).toEqual([]);
    }
  });
});
