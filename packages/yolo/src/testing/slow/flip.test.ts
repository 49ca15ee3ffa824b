/**
 * The first law of cfgs, at random: whatever key of a network is changed, the change is computed as the slow transcription
 * says, or refused, or said. The keys and values to try are written here by hand, not taken from the product's table.
 */

import { rateAt } from '@gdarknet/nn';
import { evaluate, fetch, jit, key, openWasm, tensor } from '@gdarknet/tensor';
import fc from 'fast-check';
import * as E from 'fp-ts/lib/Either.js';
import { afterAll, describe, expect, it } from 'vitest';
import { type NetworkPlan, parseNetwork } from '../../darknet/plan.ts';
import { readWeights } from '../../darknet/weights.ts';
import { newHeader, writeHeader } from '../../darknet/weights-header.ts';
import { decodeYolo } from '../../detect/decode.ts';
import type { LayerConfig } from '../../index.ts';
import { buildNetwork } from '../../network/network.ts';
import { installWeights } from '../../network/variables.ts';
import { scheduleOf } from '../../training/descent.ts';
import { decodeSlowly, type Image, rateSlowly, runSlowly, sectionsOf, Unreadable } from './darknet.ts';

type Section = { readonly type: string; readonly entries: readonly (readonly [key: string, value: string])[] };
const print = (sections: readonly Section[]): string =>
  sections.map(({ type, entries }) => [`[${type}]`, ...entries.map(([k, v]) => `${k}=${v}`)].join('\n')).join('\n\n');

/** Values to change a key to. `''` before a key: it changes training only, so detection must stay and it must be said or read. */
const changes: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  net: {
    width: ['8', '20'],
    height: ['24'],
    learning_rate: ['0.5'],
    policy: ['step', 'exp', 'poly', 'sigmoid', 'sgdr'],
    burn_in: ['5'],
    power: ['2'],
    step: ['3'],
    scale: ['.3'],
    gamma: ['.9'],
    max_batches: ['70'],
  },
  convolutional: {
    filters: ['2', '5'],
    size: ['1', '3', '2'],
    stride: ['2', '3'],
    pad: ['0', '1'],
    padding: ['1', '2'],
    groups: ['2'],
    activation: ['relu', 'mish', 'swish', 'relu6', 'tanh', 'normalize_channels'],
    batch_normalize: ['0', '1', '2'],
    flipped: ['1'],
    dilation: ['2', '3'],
    stride_x: ['1', '2'],
    stride_y: ['1', '2'],
    antialiasing: ['1', '2'],
    share_index: ['0'],
    xnor: ['1'],
    binary: ['1'],
    bin_output: ['1'],
    dot: ['1'],
    coordconv: ['1'],
    assisted_excitation: ['5'],
    sway: ['1'],
    rotate: ['1'],
    stretch: ['1'],
    stretch_sway: ['1'],
    reverse: ['1'],
  },
  maxpool: {
    size: ['1', '3'],
    stride: ['1', '2'],
    padding: ['0', '1', '2'],
    stride_x: ['2'],
    stride_y: ['1', '2'],
    maxpool_depth: ['1'],
    antialiasing: ['1'],
    maxpool_zero_nonmax: ['1'],
  },
  route: { layers: ['-1', '-2', '0', '-1,0', '-1,-2'], groups: ['2'], group_id: ['1'] },
  shortcut: {
    from: ['-2', '0', '-2,-3'],
    activation: ['leaky', 'mish'],
    alpha: ['.5'],
    beta: ['2'],
    weights_type: ['per_feature', 'per_channel'],
  },
  upsample: { stride: ['2', '3', '-2'], scale: ['.5'] },
  softmax: { groups: ['1', '2'], temperature: ['2'], spatial: ['1'], tree: ['a.tree'] },
  connected: { output: ['3'], activation: ['tanh'], batch_normalize: ['1'] },
  yolo: {
    classes: ['2', '3'],
    num: ['3'],
    mask: ['0', '1', '1,0'],
    anchors: ['3,4,5,6', '1,1,9,9'],
    scale_x_y: ['1.2', '2'],
    new_coords: ['1'],
    representation: ['lin'],
  },
};
const trained: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  net: {
    momentum: '.5',
    decay: '.1',
    adam: '1',
    clip: '.1',
    ema_alpha: '.9',
    mosaic: '1',
    cutmix: '1',
    blur: '3',
    flip: '0',
    hue: '.1',
    saturation: '1.5',
    exposure: '1.5',
    letter_box: '1',
    mosaic_bound: '1',
    gaussian_noise: '5',
    resize_step: '64',
    dynamic_minibatch: '1',
    weights_reject_freq: '10',
    equidistant_point: '5',
    badlabels_rejection_percentage: '.1',
    num_sigmas_reject_badlabels: '3',
    adversarial_lr: '1',
    attention: '1',
    contrastive: '1',
    unsupervised: '1',
    track: '1',
  },
  convolutional: {
    stopbackward: '1',
    onlyforward: '1',
    train_only_bn: '1',
    dont_update: '3',
    burnin_update: '2',
    learning_rate: '.5',
    clip: '.1',
    grad_centr: '1',
    cbn: '1',
  },
  yolo: {
    iou_normalizer: '.1',
    cls_normalizer: '.2',
    iou_loss: 'giou',
    max: '30',
    jitter: '.1',
    ignore_thresh: '.3',
    truth_thresh: '.9',
    random: '1',
    obj_normalizer: '.4',
    delta_normalizer: '.3',
    iou_thresh: '.2',
    max_delta: '5',
    counters_per_class: '1',
    label_smooth_eps: '.1',
    objectness_smooth: '1',
    focal_loss: '1',
    resize: '1.5',
    map: 'a.map',
  },
};

const conv = (more: Section['entries']): Section => ({
  type: 'convolutional',
  entries: [['filters', '4'], ['size', '3'], ['stride', '1'], ['pad', '1'], ['activation', 'leaky'], ...more],
});
const pieces: readonly (readonly Section[])[] = [
  [conv([])],
  [conv([['batch_normalize', '1']])],
  [
    {
      type: 'maxpool',
      entries: [
        ['size', '2'],
        ['stride', '2'],
      ],
    },
  ],
  [
    conv([]),
    {
      type: 'shortcut',
      entries: [
        ['from', '-2'],
        ['activation', 'linear'],
      ],
    },
  ],
  [conv([]), { type: 'route', entries: [['layers', '-1,-2']] }],
  [{ type: 'route', entries: [['layers', '-2']] }],
  [{ type: 'upsample', entries: [['stride', '2']] }],
];
const heads: readonly (readonly Section[])[] = [
  [
    {
      type: 'convolutional',
      entries: [
        ['filters', '12'],
        ['size', '1'],
        ['stride', '1'],
        ['activation', 'linear'],
      ],
    },
    {
      type: 'yolo',
      entries: [
        ['classes', '1'],
        ['num', '2'],
        ['mask', '0,1'],
        ['anchors', '4,5,8,7'],
        ['iou_loss', 'mse'],
      ],
    },
  ],
  [{ type: 'softmax', entries: [['groups', '1']] }],
  [
    {
      type: 'connected',
      entries: [
        ['output', '4'],
        ['activation', 'leaky'],
      ],
    },
  ],
];
const start: readonly Section[] = [
  {
    type: 'net',
    entries: [
      ...([
        ['batch', '1'],
        ['subdivisions', '1'],
        ['width', '12'],
        ['height', '12'],
        ['channels', '2'],
        ['max_batches', '50'],
      ] as const),
      ...([
        ['policy', 'steps'],
        ['steps', '10,20'],
        ['scales', '.5,.1'],
      ] as const),
    ],
  },
  conv([]),
  conv([['batch_normalize', '1']]),
];
const networks = fc
  .tuple(fc.array(fc.constantFrom(...pieces), { maxLength: 3 }), fc.constantFrom(...heads))
  .map(([middle, head]): readonly Section[] => [...start, ...middle.flat(), ...head]);

const withEntry = (section: Section, name: string, value: string): Section => {
  const known = section.entries.some(([k]) => k === name);
  const entries = section.entries.map(([k, v]) => [k, k === name ? value : v] as const);
  return { ...section, entries: known ? entries : [...entries, [name, value]] };
};
/** A key of the section at random, changed; the number of filters before a head follows. */
const flipped = (network: readonly Section[], table: Readonly<Record<string, Readonly<Record<string, unknown>>>>) =>
  fc
    .constantFrom(...network.flatMap(({ type }, i) => Object.keys(table[type] ?? {}).map((name) => ({ i, name }))))
    .chain(({ i, name }) => {
      const values = table[network[i].type][name];
      return fc
        .constantFrom(...(Array.isArray(values) ? values : [values]))
        .map((value: string) => ({ i, name, value }));
    });
const applied = (network: readonly Section[], { i, name, value }: { i: number; name: string; value: string }) => {
  const changed = network.map((section, k) => (k === i ? withEntry(section, name, value) : section));
  const yolo = changed[i].type === 'yolo' ? Object.fromEntries(changed[i].entries) : undefined;
  if (yolo === undefined) return changed;
  const filters = String(yolo.mask.split(',').length * (5 + Number(yolo.classes)));
  return changed.map((section, k) => (k === i - 1 ? withEntry(section, 'filters', filters) : section));
};

const random = (seed: number) => {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
};
/** Enough floats for any of the networks. All are positive, as variances must be, and small, so that outputs stay so. */
const floatsOf = (count: number): Float32Array => {
  const next = random(7);
  return Float32Array.from({ length: count }, () => 0.005 + 0.075 * next());
};
const pictureOf = ({ w, h, c }: { w: number; h: number; c: number }): Float64Array => {
  const next = random(3);
  return Float64Array.from({ length: w * h * c }, () => Math.fround(2 * next() - 1));
};

const device = await openWasm({ threads: 1 });
afterAll(() => device.close());

/** Every output of a plan, `[c, h, w]`. */
const outputsOf = async (plan: NetworkPlan, floats: Float32Array): Promise<readonly Float32Array[]> => {
  const bytes = new Uint8Array(20 + 4 * floats.length);
  writeHeader(newHeader(), bytes);
  new Float32Array(bytes.buffer, 20).set(floats);
  const read = readWeights(bytes, plan);
  if (E.isLeft(read)) throw new Error(JSON.stringify(read.left));
  const network = buildNetwork(plan);
  const variables = installWeights(plan, network.init(key(0)), read.right.value);
  const { h, w, c } = plan.input;
  const picture = pictureOf(plan.input);
  const x = Float32Array.from({ length: h * w * c }, (_, i) => picture[(i % c) * h * w + Math.floor(i / c)]);
  const { params, state } = await evaluate(device, variables);
  const run = jit(device, (image: Parameters<typeof network.apply>[2]) =>
    network.apply(params, state, image, { training: false }).outputs.map((output) => fetch(output)),
  );
  const outputs = await run(tensor(x, [1, h, w, c]));
  run.close();
  return outputs.map((values, i) => {
    const shape = plan.layers[i].output;
    const size = shape.h * shape.w;
    return Float32Array.from(
      { length: values.length },
      (_, k) => values[(k % size) * shape.c + Math.floor(k / size)] as number,
    );
  });
};

const near = (a: number, b: number, largest: number): boolean => Math.abs(a - b) <= 1e-4 * Math.abs(b) + 1e-4 * largest;

type Judged = 'refused' | 'equal';
const judge = async (sections: readonly Section[], changed: string | undefined): Promise<Judged> => {
  const text = print(sections);
  const parsed = parseNetwork(text, { file: 'a.cfg' });
  if (E.isLeft(parsed)) return 'refused';
  const { value: plan, notices } = parsed.right;
  const floats = floatsOf(200_000);
  let slow: ReturnType<typeof runSlowly>;
  try {
    slow = runSlowly(text, floats, pictureOf(plan.input));
  } catch (error) {
    if (error instanceof Unreadable)
      throw new Error(`taken, though ${error.message} is beyond the transcription:\n${text}`);
    throw error;
  }
  const why = `${changed}, ${notices.length} notices\n${text}`;
  const shape = ({ w, h, c }: Omit<Image, 'data'>) => ({ w, h, c });
  expect(
    plan.layers.map(({ output }) => shape(output)),
    why,
  ).toEqual(slow.outputs.map(shape));
  expect(plan.parameters, why).toBe(slow.parameters);
  const own = await outputsOf(plan, floats.slice(0, slow.parameters));
  for (const [i, { data }] of slow.outputs.entries()) {
    if (plan.layers[i].config.type === 'yolo') continue;
    const largest = data.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
    expect(
      own[i].findIndex((v, k) => !near(v, data[k], largest)),
      `layer ${i} of ${why}`,
    ).toBe(-1);
  }
  const [net, ...rest] = sectionsOf(text);
  for (const index of plan.heads) {
    const { config, output } = plan.layers[index];
    const size = output.h * output.w;
    const values = Float32Array.from(
      { length: size * output.c },
      (_, k) => own[index][(k % output.c) * size + Math.floor(k / output.c)],
    );
    const found = decodeYolo([{ head: config as LayerConfig<'yolo'>, ...output, values, activated: true }], {
      netWidth: plan.input.w, netHeight: plan.input.h, threshold: 0,
    }); // biome-ignore format: options
    const expected = decodeSlowly(rest[index].keys, net.keys, slow.outputs[index], 0);
    expect(found.count, why).toBe(expected.length);
    const wrong = expected.findIndex(
      ({ box, scores }, row) =>
        box.some((v, k) => !near(found.boxes[4 * row + k], v, Math.abs(v))) ||
        scores.some((v, k) => !near(found.probabilities[row * found.classes + k], v, 1)),
    );
    expect(wrong, `boxes of ${why}`).toBe(-1);
  }
  for (const b of [1, 4, 7, 15, 25, 49])
    expect(rateAt(scheduleOf(plan.net), b), why).toBeCloseTo(rateSlowly(net.keys, b), 6);
  return 'equal';
};

const runs = Number(process.env.FLIPS ?? 100);

/** Every change of the table once, in a network that has such a section. */
const each: readonly {
  readonly network: readonly Section[];
  readonly change: { i: number; name: string; value: string };
}[] = Object.entries(changes).flatMap(([type, table]) => {
  const hosts = fc.sample(
    networks.filter((network) => network.some((section) => section.type === type)),
    { numRuns: 20, seed: 1 },
  );
  return Object.entries(table).flatMap(([name, values]) =>
    values.map((value, at) => {
      const network = hosts[(name.length + at) % hosts.length];
      return { network, change: { i: network.findLastIndex((section) => section.type === type), name, value } };
    }),
  );
});

describe('a key that is changed', () => {
  it.each(each)('$change.name=$change.value', async ({ network, change }) => {
    await judge(applied(network, change), `${change.name}=${change.value}`);
  });
  it('changes the network as the transcription says, or is refused', async () => {
    const counts = { refused: 0, equal: 0 };
    const cases = networks.chain((network) => flipped(network, changes).map((change) => ({ network, change })));
    await fc.assert(
      fc.asyncProperty(cases, async ({ network, change }) => {
        counts[await judge(applied(network, change), `${change.name}=${change.value}`)]++;
      }),
      { numRuns: runs },
    );
    // Neither outcome is the whole of it.
    expect(Math.min(counts.refused, counts.equal)).toBeGreaterThan(runs / 10);
  });
  it('in training only is read, or said, and leaves detection alone', async () => {
    const cases = networks.chain((network) => flipped(network, trained).map((change) => ({ network, change })));
    const configs = (sections: readonly Section[]) => {
      const parsed = parseNetwork(print(sections));
      if (E.isLeft(parsed)) throw new Error(JSON.stringify(parsed.left));
      const { value, notices } = parsed.right;
      const bare = ({ at, ...config }: { readonly at: unknown }) => config;
      return { configs: [bare(value.net), ...value.layers.map(({ config }) => bare(config))], notices };
    };
    await fc.assert(
      fc.asyncProperty(cases, async ({ network, change }) => {
        const changed = applied(network, change);
        const [before, after] = [configs(network), configs(changed)];
        const isRead = JSON.stringify(before.configs[change.i]) !== JSON.stringify(after.configs[change.i]);
        const isSaid = after.notices.some(({ tag, key }) => tag === 'training-only' && key === change.name);
        expect(isRead || isSaid, `${change.name}=${change.value}`).toBe(true);
      }),
      { numRuns: 3 * runs },
    );
  });
});
