import { readdirSync, readFileSync, statSync } from 'node:fs';
import * as E from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { goldenPath, shared, sharedPath } from '../../../../test/shared.ts';
import { parseConfig } from './config.ts';
import { showFault } from './fault.ts';
import { layerTable } from './layer-table.ts';
import { type NetworkPlan, parseNetwork, planNetwork } from './plan.ts';

const net = '[net]\nwidth=32\nheight=16\nchannels=3\nbatch=8\nsubdivisions=2\n';
const layout = (text: string): NetworkPlan => {
  const result = parseNetwork(text, { file: 'a.cfg' });
  if (E.isLeft(result)) throw new Error(result.left.map(showFault).join('\n'));
  return result.right.value;
};
const faultsOf = (text: string): readonly string[] => {
  const result = parseNetwork(text, { file: 'a.cfg' });
  return E.isLeft(result) ? result.left.map(showFault) : [];
};

describe('shapes', () => {
  it('follow the rules of each layer', () => {
    const plan = layout(
      `${net}[conv]\nfilters=6\nsize=3\nstride=2\npad=1\nbatch_normalize=1\n[max]\nsize=2\n[shortcut]\nfrom=-2\n[upsample]\nstride=2\n` +
        '[upsample]\nstride=-4\n[route]\nlayers=-1,4\n[dropout]\n[avg]\n[connected]\noutput=5\n[softmax]\n[cost]\n',
    );
    expect(plan.layers.map(({ output: { w, h, c } }) => [w, h, c])).toEqual([
      [16, 8, 6], [16, 8, 6], [16, 8, 6], [32, 16, 6], [8, 4, 6], [8, 4, 12], [8, 4, 12], [1, 1, 12], [1, 1, 5], [1, 1, 5], [1, 1, 5],
    ]); // biome-ignore format: a table
    expect(plan.layers[2]?.sources).toEqual([1, 0]);
    expect(plan.layers[5]?.sources).toEqual([4, 4]);
    expect(plan.layers[0]).toMatchObject({ parameters: 6 * 27 + 24, flops: 2 * 6 * 27 * 16 * 8, sources: [-1] });
    expect(plan.parameters).toBe(6 * 27 + 24 + 12 * 5 + 5);
    expect(plan.batch).toBe(4);
  });
  it('are those of another input size when asked', () => {
    const config = parseConfig(`${net}[conv]\nsize=3\nstride=2\npad=1\n`);
    if (E.isLeft(config)) throw new Error('cfg');
    const plan = planNetwork(config.right.value, { width: 65, height: 20, batch: 1 });
    expect(plan).toMatchObject({ right: { batch: 1, layers: [{ output: { w: 33, h: 10, c: 1 } }] } });
  });
});

describe('faults', () => {
  const head = (filters: number) => `[conv]\nfilters=${filters}\n[yolo]\nnum=3\nclasses=4\nanchors=1,1,2,2,3,3\n`;
  it('name the layer, line and number of filters that the classes need', () => {
    expect(faultsOf(`${net}${head(255)}`)).toEqual([
      'a.cfg:8: layer 0 [conv] filters: expected 27 = 3 anchors x (5 + 4 classes) for the [yolo] on line 9, found 255; write filters=27, or correct classes or mask of the [yolo]',
    ]);
  });
  it('blame the [yolo] itself when no convolution is before it', () => {
    expect(faultsOf(`${net}[avg]\n[yolo]\nclasses=1\nanchors=1,1\n`)[0]).toContain(
      'layer 1 [yolo] classes: expected 6 channels to come in',
    );
  });
  it('of shape and of spelling come together, in the order of lines', () => {
    const text = `${net}[conv]\nfilters=no\n[route]\nlayers=-9\n[shortcut]\nfrom=7\n${head(26)}[cov]\n`;
    const found = faultsOf(text);
    expect(found.map((f) => f.split(' expected')[0])).toEqual([
      'a.cfg:8: layer 0 [conv] filters:', 'a.cfg:10: layer 1 [route] layers:', 'a.cfg:12: layer 2 [shortcut] from:',
      'a.cfg:14: layer 3 [conv] filters:', 'a.cfg:19: layer 5 [cov]:',
    ]); // biome-ignore format: a table
    expect(found[1]).toContain('0 to 0 or -1 to -1, found -9, which is layer -8');
  });
  it('of anchors do not hide those of filters', () => {
    const found = faultsOf(`${net}[conv]\nfilters=26\n[yolo]\nnum=6\nmask=0,1,2\nclasses=4\nanchors=1,1\n`);
    expect(found.map((f) => f.split(' expected')[0])).toEqual([
      'a.cfg:8: layer 0 [conv] filters:',
      'a.cfg:13: layer 1 [yolo] anchors:',
    ]);
  });
  it('of [net] do not hide those of the layers', () => {
    expect(faultsOf(`${net}hue=blue\n${head(26)}`).map((f) => f.split(' expected')[0])).toEqual([
      'a.cfg:7: [net] hue:',
      'a.cfg:9: layer 0 [conv] filters:',
    ]);
  });
  it.each([
    [
      '[conv]\nstride=2\n[route]\nlayers=-1,0\n[route]\nlayers=0,1\n[conv]\nstride=2\n[route]\nlayers=0,3',
      'layer 4 [route] layers: expected layers of one width and height, found layer 0: 16 x 8 x 1, layer 3: 8 x 4 x 1',
    ],
    ['[conv]\nsize=40', 'layer 0 [conv] size: expected at most the padded input, 32 x 16 x 3, found 40'],
    ['[conv]\ngroups=2\nfilters=2', 'groups: expected a divisor of the 3 channels'],
    ['[max]\nsize=99\npadding=0', 'layer 0 [max] size: expected at most'],
    [
      '[conv]\nstride=2\n[conv]\nstride=3\n[shortcut]\nfrom=0\n[conv]\nsize=1\nstride=1\nfilters=1\n[max]\nstride=1\nsize=3\npadding=0\n[shortcut]\nfrom=0',
      'layer 5 [shortcut] from: expected a layer whose width and height are in one ratio',
    ],
    [
      `${head(27)}[conv]\nfilters=6\n[yolo]\nnum=1\nclasses=1\nanchors=1,1\n`,
      'layer 1 [yolo] classes: expected 1, as in the last [yolo] (layer 3), found 4',
    ],
  ])('%j', (layers, message) => {
    expect(faultsOf(`${net}${layers}`).join('\n')).toContain(message);
  });
});

describe.skipIf(!shared)('published and golden networks', () => {
  const goldens = shared ? readdirSync(goldenPath('network')).filter((d) => d.startsWith('forward_')) : [];
  it.each(goldens)('%s prints the table of the original', (name) => {
    expect(layerTable(layout(readFileSync(goldenPath('network', name, 'net.cfg'), 'utf8')))).toBe(
      readFileSync(goldenPath('network', name, 'layer_table.txt'), 'utf8'),
    );
  });
  const published = shared ? readdirSync(sharedPath('data/weights')).filter((f) => f.endsWith('.cfg')) : [];
  it.each(published)('%s has as many parameters as its weights file', (name) => {
    const plan = layout(readFileSync(sharedPath('data/weights', name), 'utf8'));
    expect(4 * plan.parameters + 20).toBe(statSync(sharedPath('data/weights', name.replace('.cfg', '.weights'))).size);
  });
});
