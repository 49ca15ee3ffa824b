/**
 * A slow transcription of SPEC and SPEC-V4: a cfg's text, a weights file's floats and one picture to every layer's output,
 * with loops and doubles. The judge of the property test, so it imports no product code; it is itself held to `goldens/v4`.
 */
import { acrossChannels, pointwise } from './activations.ts';

export interface Image {
  readonly w: number;
  readonly h: number;
  readonly c: number;
  /** `[c, h, w]`. */
  readonly data: Float64Array;
}
export type Keys = Readonly<Record<string, string>>;
export interface SlowSection {
  readonly type: string;
  readonly keys: Keys;
}

/** What the transcription does not cover, or a Darknet dies of. */
export class Unreadable extends Error {}

export const sectionsOf = (text: string): readonly SlowSection[] => {
  const found: { type: string; keys: Record<string, string> }[] = [];
  for (const raw of text.split(/\r?\n/)) {
    const line = raw.replace(/[ \t]/g, '');
    if (line === '' || line[0] === '#' || line[0] === ';') continue;
    if (line[0] === '[') {
      found.push({ type: line.slice(1, line.indexOf(']')), keys: {} });
      continue;
    }
    const at = line.indexOf('=');
    const { keys } = found[found.length - 1];
    if (!Object.hasOwn(keys, line.slice(0, at))) keys[line.slice(0, at)] = line.slice(at + 1);
  }
  return found;
};

const int = (keys: Keys, key: string, otherwise: number): number =>
  keys[key] === undefined ? otherwise : Number.parseInt(keys[key], 10) || 0;
const float = (keys: Keys, key: string, otherwise: number): number =>
  keys[key] === undefined ? otherwise : Number.parseFloat(keys[key]) || 0;
const list = (keys: Keys, key: string): readonly number[] => (keys[key] ?? '').split(',').map(Number.parseFloat);

const image = (w: number, h: number, c: number): Image => {
  if (w < 1 || h < 1 || c < 1) throw new Unreadable('an empty image');
  return { w, h, c, data: new Float64Array(w * h * c) };
};
const filled = (w: number, h: number, c: number, at: (k: number, y: number, x: number) => number): Image => {
  const made = image(w, h, c);
  for (let k = 0; k < c; k++) {
    for (let y = 0; y < h; y++) for (let x = 0; x < w; x++) made.data[(k * h + y) * w + x] = at(k, y, x);
  }
  return made;
};
const get = ({ w, h, data }: Image, k: number, y: number, x: number): number => data[(k * h + y) * w + x];
const inside = ({ w, h }: Image, y: number, x: number): boolean => y >= 0 && x >= 0 && y < h && x < w;

export const activate = (input: Image, name: string): Image => {
  const one = pointwise[name];
  if (one) return { ...input, data: input.data.map(one) };
  const all = acrossChannels[name];
  if (all === undefined) throw new Unreadable(`activation ${name}`);
  const made = image(input.w, input.h, input.c);
  const place = input.w * input.h;
  for (let i = 0; i < place; i++) {
    const column = Array.from({ length: input.c }, (_, k) => input.data[k * place + i]);
    for (const [k, v] of all(column).entries()) made.data[k * place + i] = v;
  }
  return made;
};

/** Floats of a weights file, one after the other. */
export interface Tape {
  readonly take: (count: number) => Float32Array;
  readonly taken: () => number;
}
export const tapeOf = (floats: Float32Array): Tape => {
  let at = 0;
  return {
    take: (count) => {
      at += count;
      return floats.slice(at - count, at);
    },
    taken: () => at,
  };
};

interface Norm {
  readonly scales: Float32Array;
  readonly mean: Float32Array;
  readonly variance: Float32Array;
}
interface Convolved {
  readonly biases: Float32Array;
  readonly norm: Norm | undefined;
  readonly weights: Float32Array;
}
interface State {
  readonly outputs: Image[];
  readonly tape: Tape;
  readonly shared: Map<number, Convolved>;
  readonly net: Keys;
  readonly index: number;
}
type Layer = (keys: Keys, input: Image, state: State) => Image;

const normalise = (v: number, k: number, { biases, norm }: Convolved): number =>
  norm === undefined
    ? v + biases[k]
    : ((v - norm.mean[k]) / Math.sqrt(norm.variance[k] + 1e-5)) * norm.scales[k] + biases[k];

const strides = (keys: Keys) => {
  const stride = int(keys, 'stride', 1);
  return { across: int(keys, 'stride_x', stride), down: int(keys, 'stride_y', stride) };
};

const blurred = (input: Image, kind: number, across: number, down: number): Image => {
  const kernel = kind === 1 ? [1, 2, 1].map((v) => v / 4) : [0.5, 0.5];
  const padding = kind === 1 ? 1 : 0;
  const side = (n: number, stride: number) => Math.floor((n + 2 * padding - kernel.length) / stride) + 1;
  return filled(side(input.w, across), side(input.h, down), input.c, (k, y, x) => {
    let sum = 0;
    for (const [j, a] of kernel.entries()) {
      for (const [i, b] of kernel.entries()) {
        const [yy, xx] = [y * down - padding + j, x * across - padding + i];
        if (inside(input, yy, xx)) sum += a * b * get(input, k, yy, xx);
      }
    }
    return sum;
  });
};

const resolved = (given: number, index: number): number => (given < 0 ? index + given : given);

const convolutional: Layer = (keys, input, { tape, shared, index }) => {
  const [filters, size, groups] = [int(keys, 'filters', 1), int(keys, 'size', 1), int(keys, 'groups', 1)];
  const dilation = size === 1 ? 1 : int(keys, 'dilation', 1);
  const padding = int(keys, 'pad', 0) !== 0 ? Math.floor(size / 2) : int(keys, 'padding', 0);
  const antialiasing = int(keys, 'antialiasing', 0);
  const last = strides(keys);
  const { across, down } = antialiasing ? { across: 1, down: 1 } : last;
  const inner = input.c / groups;
  if (!Number.isInteger(inner) || filters % groups !== 0) throw new Unreadable('groups');
  const normalised = int(keys, 'batch_normalize', 0) !== 0;
  const read = (): Convolved => ({
    biases: tape.take(filters),
    norm: normalised
      ? { scales: tape.take(filters), mean: tape.take(filters), variance: tape.take(filters) }
      : undefined,
    weights: tape.take(filters * inner * size * size),
  });
  const own = keys.share_index === undefined ? read() : shared.get(resolved(int(keys, 'share_index', 0), index));
  if (own === undefined) throw new Unreadable('share_index');
  shared.set(index, own);
  const flipped = int(keys, 'flipped', 0) !== 0;
  const width = inner * size * size;
  const weight = (f: number, rest: number) => own.weights[flipped ? rest * filters + f : f * width + rest];
  const side = (n: number, stride: number) => Math.floor((n + 2 * padding - size) / stride) + 1;
  const raw = filled(side(input.w, across), side(input.h, down), filters, (f, y, x) => {
    const from = Math.floor(f / (filters / groups)) * inner;
    let sum = 0;
    for (let k = 0; k < inner; k++) {
      for (let j = 0; j < size; j++) {
        for (let i = 0; i < size; i++) {
          const [yy, xx] = [y * down + (j - padding) * dilation, x * across + (i - padding) * dilation];
          if (inside(input, yy, xx)) sum += weight(f, (k * size + j) * size + i) * get(input, from + k, yy, xx);
        }
      }
    }
    return normalise(sum, f, own);
  });
  const active = activate(raw, keys.activation ?? 'logistic');
  return antialiasing ? blurred(active, antialiasing, last.across, last.down) : active;
};

const maxpool: Layer = (keys, input) => {
  if (int(keys, 'maxpool_depth', 0)) {
    const groups = int(keys, 'out_channels', 1);
    return filled(input.w, input.h, groups, (g, y, x) => {
      let most = -Infinity;
      for (let k = g; k < input.c; k += groups) most = Math.max(most, get(input, k, y, x));
      return most;
    });
  }
  const last = strides(keys);
  const size = int(keys, 'size', int(keys, 'stride', 1));
  const padding = int(keys, 'padding', size - 1);
  const antialiasing = int(keys, 'antialiasing', 0);
  const { across, down } = antialiasing ? { across: 1, down: 1 } : last;
  const side = (n: number, stride: number) => Math.floor((n + padding - size) / stride) + 1;
  const start = -Math.trunc(padding / 2);
  const pooled = filled(side(input.w, across), side(input.h, down), input.c, (k, y, x) => {
    let most = -Infinity;
    for (let j = 0; j < size; j++) {
      for (let i = 0; i < size; i++) {
        const [yy, xx] = [start + y * down + j, start + x * across + i];
        if (inside(input, yy, xx)) most = Math.max(most, get(input, k, yy, xx));
      }
    }
    return most;
  });
  return antialiasing ? blurred(pooled, antialiasing, last.across, last.down) : pooled;
};

const localAverage: Layer = (keys, input) => {
  const { across, down } = strides(keys);
  const size = int(keys, 'size', int(keys, 'stride', 1));
  const padding = int(keys, 'padding', size - 1);
  const side = (n: number, stride: number) => Math.floor((n + padding - size) / stride) + 1;
  const start = -Math.trunc(padding / 2);
  return filled(side(input.w, across), side(input.h, down), input.c, (k, y, x) => {
    let [sum, count] = [0, 0];
    for (let j = 0; j < size; j++) {
      for (let i = 0; i < size; i++) {
        const [yy, xx] = [start + y * down + j, start + x * across + i];
        if (!inside(input, yy, xx)) continue;
        sum += get(input, k, yy, xx);
        count++;
      }
    }
    return sum / count;
  });
};

const average: Layer = (_, input) =>
  filled(1, 1, input.c, (k) => {
    let sum = 0;
    for (let i = 0; i < input.w * input.h; i++) sum += input.data[k * input.w * input.h + i];
    return sum / (input.w * input.h);
  });

const connected: Layer = (keys, input, { tape }) => {
  const outputs = int(keys, 'output', 1);
  const biases = tape.take(outputs);
  const weights = tape.take(outputs * input.data.length);
  const norm =
    int(keys, 'batch_normalize', 0) !== 0
      ? { scales: tape.take(outputs), mean: tape.take(outputs), variance: tape.take(outputs) }
      : undefined;
  const raw = filled(1, 1, outputs, (o) => {
    let sum = 0;
    for (const [i, v] of input.data.entries()) sum += v * weights[o * input.data.length + i];
    return normalise(sum, o, { biases, norm, weights });
  });
  return activate(raw, keys.activation ?? 'logistic');
};

const source = (given: number, { outputs, index }: State): Image => {
  const found = outputs[resolved(given, index)];
  if (found === undefined) throw new Unreadable(`layer ${given}`);
  return found;
};

const route: Layer = (keys, _, state) => {
  const [groups, group] = [int(keys, 'groups', 1), int(keys, 'group_id', 0)];
  const parts = list(keys, 'layers').map((given) => {
    const { w, h, c, data } = source(given, state);
    const own = Math.floor(c / groups);
    if ((group + 1) * own > c) throw new Unreadable('group_id');
    return { w, h, c: own, data: data.slice(group * own * w * h, (group + 1) * own * w * h) };
  });
  const [{ w, h }] = parts;
  if (parts.some((part) => part.w !== w || part.h !== h)) throw new Unreadable('sizes of a route');
  return {
    w,
    h,
    c: parts.reduce((sum, { c }) => sum + c, 0),
    data: Float64Array.from(parts.flatMap(({ data }) => [...data])),
  };
};

const normalisedWeights = (raw: readonly number[], kind: string): readonly number[] => {
  if (kind === 'softmax') {
    const most = raw.reduce((a, b) => Math.max(a, b));
    const sum = raw.reduce((total, v) => total + Math.exp(v - most), 1e-4);
    return raw.map((v) => Math.exp(v - most) / sum);
  }
  if (kind !== 'relu' && kind !== 'avg_relu') return raw;
  const kept = raw.map((v) => Math.max(v, 0));
  const sum = kept.reduce((a, b) => a + b, 1e-4);
  return kept.map((v) => v / sum);
};

/** A source of another size, which the fork refuses and the 2018 Darknet steps through (SPEC 4.3). */
const strided = (keys: Keys, input: Image, from: Image): Image => {
  const [alpha, beta] = [float(keys, 'alpha', 1), float(keys, 'beta', 1)];
  const step = (a: number, b: number) => Math.max(1, Math.floor(a / b));
  const [stride, sample] = [step(from.w, input.w), step(input.w, from.w)];
  const made = { ...input, data: input.data.slice() };
  for (let k = 0; k < Math.min(from.c, input.c); k++) {
    for (let y = 0; y < Math.min(from.h, input.h); y++) {
      for (let x = 0; x < Math.min(from.w, input.w); x++) {
        const at = (k * input.h + y * sample) * input.w + x * sample;
        made.data[at] = alpha * made.data[at] + beta * get(from, k, y * stride, x * stride);
      }
    }
  }
  return activate(made, keys.activation ?? 'linear');
};

/** Channels that a source lacks add nothing. `alpha` and `beta` are of the 2018 Darknet (SPEC 4.3), 1 in the fork. */
const shortcut: Layer = (keys, input, state) => {
  const sources = list(keys, 'from').map((given) => source(given, state));
  if (sources.some(({ w, h }) => w !== input.w || h !== input.h)) {
    if (sources.length > 1 || keys.weights_type !== undefined) throw new Unreadable('sizes of a shortcut');
    return strided(keys, input, sources[0]);
  }
  const type = keys.weights_type ?? 'none';
  const count = sources.length + 1;
  const perChannel = type === 'per_channel';
  const weights = type === 'none' ? undefined : state.tape.take(count * (perChannel ? input.c : 1));
  const of = (k: number): readonly number[] =>
    weights === undefined
      ? Array.from({ length: count }, () => 1)
      : normalisedWeights(
          Array.from({ length: count }, (_, j) => weights[perChannel ? j * input.c + k : j]),
          keys.weights_normalization ?? 'none',
        );
  const [alpha, beta] = [float(keys, 'alpha', 1), float(keys, 'beta', 1)];
  const summed = filled(input.w, input.h, input.c, (k, y, x) => {
    const [own, ...rest] = of(k);
    const overlaps = sources.some(({ c }) => k < c);
    const start = (overlaps ? alpha : 1) * own * get(input, k, y, x);
    return sources.reduce((sum, from, j) => (k < from.c ? sum + beta * rest[j] * get(from, k, y, x) : sum), start);
  });
  return activate(summed, keys.activation ?? 'linear');
};

const scaleChannels: Layer = (keys, input, state) => {
  const from = source(int(keys, 'from', 0), state);
  const flat = int(keys, 'scale_wh', 0) !== 0;
  const scaled = filled(
    from.w,
    from.h,
    from.c,
    (k, y, x) => get(from, k, y, x) * (flat ? get(input, 0, y, x) : input.data[k]),
  );
  return activate(scaled, keys.activation ?? 'linear');
};

const sam: Layer = (keys, input, state) => {
  const from = source(int(keys, 'from', 0), state);
  return activate({ ...input, data: input.data.map((v, i) => v * from.data[i]) }, keys.activation ?? 'linear');
};

const upsample: Layer = (keys, input) => {
  const [stride, scale] = [int(keys, 'stride', 2), float(keys, 'scale', 1)];
  if (stride > 0) {
    return filled(
      input.w * stride,
      input.h * stride,
      input.c,
      (k, y, x) => scale * get(input, k, Math.floor(y / stride), Math.floor(x / stride)),
    );
  }
  const s = -stride;
  return filled(Math.floor(input.w / s), Math.floor(input.h / s), input.c, (k, y, x) => {
    let sum = 0;
    for (let j = 0; j < s; j++) for (let i = 0; i < s; i++) sum += get(input, k, y * s + j, x * s + i);
    return scale * sum;
  });
};

/** The copy of SPEC-V4 4.7 with (w, h, c) as the packed shape. */
const moved = (
  input: Image,
  [w, h, c]: readonly [number, number, number],
  s: number,
  out: readonly [number, number, number],
  reverse = false,
): Image => {
  const made = image(...out);
  const ic = Math.floor(c / (s * s));
  for (let k = 0; k < c; k++) {
    for (let j = 0; j < h; j++) {
      for (let i = 0; i < w; i++) {
        const o = Math.floor(k / ic);
        const packed = i + w * (j + h * k);
        const spread = i * s + (o % s) + w * s * (j * s + Math.floor(o / s) + h * s * (k % ic));
        if (reverse) made.data[spread] = input.data[packed];
        else made.data[packed] = input.data[spread];
      }
    }
  }
  return made;
};

const reorg: Layer = (keys, input) => {
  const s = int(keys, 'stride', 1);
  const { w, h, c } = input;
  return int(keys, 'reverse', 0)
    ? moved(input, [w, h, c], s, [w * s, h * s, c / (s * s)], true)
    : moved(input, [w, h, c], s, [w / s, h / s, c * s * s]);
};
const reorg3d: Layer = (keys, input) => {
  const s = int(keys, 'stride', 1);
  const out = [input.w / s, input.h / s, input.c * s * s] as const;
  return moved(input, out, s, out);
};

const softmax: Layer = (keys, input) => {
  const [groups, temperature] = [int(keys, 'groups', 1), float(keys, 'temperature', 1)];
  const made = image(input.w, input.h, input.c);
  const spatial = int(keys, 'spatial', 0) !== 0;
  const places = spatial ? input.w * input.h : 1;
  const inner = input.data.length / groups / places;
  for (let g = 0; g < groups; g++) {
    for (let p = 0; p < places; p++) {
      const at = (i: number) => (g * inner + i) * places + p;
      const values = Array.from({ length: inner }, (_, i) => input.data[at(i)] / temperature);
      const most = values.reduce((a, b) => Math.max(a, b));
      const sum = values.reduce((total, v) => total + Math.exp(v - most), 0);
      for (const [i, v] of values.entries()) made.data[at(i)] = Math.exp(v - most) / sum;
    }
  }
  return made;
};

export const headOf = (keys: Keys) => {
  const num = int(keys, 'num', 1);
  const mask = keys.mask === undefined ? Array.from({ length: num }, (_, i) => i) : list(keys, 'mask');
  const anchors = keys.anchors === undefined ? Array.from({ length: 2 * num }, () => 0.5) : list(keys, 'anchors');
  return {
    classes: int(keys, 'classes', 20),
    mask,
    anchors,
    scale: float(keys, 'scale_x_y', 1),
    raw: int(keys, 'new_coords', 0) !== 0,
  };
};

const yolo: Layer = (keys, input) => {
  const { classes, mask, scale, raw } = headOf(keys);
  const entries = 5 + classes;
  if (input.c !== mask.length * entries) throw new Unreadable('channels of [yolo]');
  return filled(input.w, input.h, input.c, (k, y, x) => {
    const entry = k % entries;
    const v = get(input, k, y, x);
    const active = raw || entry === 2 || entry === 3 ? v : 1 / (1 + Math.exp(-v));
    return entry < 2 ? scale * active - (scale - 1) / 2 : active;
  });
};

/** Box-major: row, column, anchor, entries. */
const region: Layer = (keys, input) => {
  const [classes, num] = [int(keys, 'classes', 20), int(keys, 'num', 1)];
  const entries = 5 + classes;
  const made = image(input.w, input.h, input.c);
  for (let place = 0; place < input.w * input.h; place++) {
    for (let n = 0; n < num; n++) {
      const values = Array.from(
        { length: entries },
        (_, e) => input.data[(n * entries + e) * input.w * input.h + place],
      );
      values[4] = 1 / (1 + Math.exp(-values[4]));
      if (int(keys, 'softmax', 0)) {
        const own = values.slice(5);
        const most = own.reduce((a, b) => Math.max(a, b));
        const sum = own.reduce((total, v) => total + Math.exp(v - most), 0);
        own.forEach((v, i) => {
          values[5 + i] = Math.exp(v - most) / sum;
        });
      }
      values.forEach((v, e) => {
        made.data[(place * num + n) * entries + e] = v;
      });
    }
  }
  return made;
};

const gaussian: Layer = (keys, input) => {
  const entries = 9 + int(keys, 'classes', 20);
  const scale = float(keys, 'scale_x_y', 1);
  return filled(input.w, input.h, input.c, (k, y, x) => {
    const entry = k % entries;
    const v = get(input, k, y, x);
    const active = entry === 4 || entry === 6 ? v : 1 / (1 + Math.exp(-v));
    return entry === 0 || entry === 2 ? scale * active - (scale - 1) / 2 : active;
  });
};

const implicit: Layer = (keys, _, { tape }) => {
  const [filters, atoms] = [int(keys, 'filters', 128), int(keys, 'atoms', 1)];
  const values = tape.take(filters * atoms);
  return { w: 1, h: 1, c: filters * atoms, data: Float64Array.from(values) };
};

const crop: Layer = (keys, input) => {
  const [w, h] = [int(keys, 'crop_width', 1), int(keys, 'crop_height', 1)];
  const [left, top] = [Math.floor((input.w - w) / 2), Math.floor((input.h - h) / 2)];
  const adjust = int(keys, 'noadjust', 0) === 0;
  return filled(w, h, input.c, (k, y, x) =>
    adjust ? 2 * get(input, k, y + top, x + left) - 1 : get(input, k, y + top, x + left),
  );
};

const same: Layer = (_, input) => input;

const layers: Readonly<Record<string, Layer>> = {
  convolutional,
  conv: convolutional,
  maxpool,
  max: maxpool,
  avgpool: average,
  avg: average,
  connected,
  conn: connected,
  route,
  shortcut,
  upsample,
  softmax,
  soft: softmax,
  yolo,
  region,
  Gaussian_yolo: gaussian,
  implicit,
  crop,
  reorg,
  reorg3d,
  sam,
  dropout: same,
  cost: same,
  empty: same,
  silence: same,
  scale_channels: scaleChannels,
  local_avgpool: localAverage,
  activation: (keys, input) => activate(input, keys.activation ?? 'linear'),
};

/** Keys that change what a layer computes, in ways that the specifications name and do not spell out. */
const untranscribed: readonly string[] = [
  'xnor',
  'binary',
  'bin_output',
  'dot',
  'coordconv',
  'assisted_excitation',
  'sway',
  'rotate',
  'stretch',
  'stretch_sway',
  'maxpool_zero_nonmax',
  'tree',
];

export interface SlowRun {
  readonly sections: readonly SlowSection[];
  readonly outputs: readonly Image[];
  /** Floats that the file holds. */
  readonly parameters: number;
}

/** `picture` is `[c, h, w]`. */
export const runSlowly = (text: string, floats: Float32Array, picture: Float32Array | Float64Array): SlowRun => {
  const [net, ...rest] = sectionsOf(text);
  const [w, h, c] = [int(net.keys, 'width', 0), int(net.keys, 'height', 0), int(net.keys, 'channels', 0)];
  const input: Image = { w, h, c, data: Float64Array.from(picture) };
  const outputs: Image[] = [];
  const [tape, shared] = [tapeOf(floats), new Map<number, Convolved>()];
  for (const [index, { type, keys }] of rest.entries()) {
    const beyond = untranscribed.find((key) => keys[key] !== undefined && keys[key] !== '0');
    if (beyond === undefined && type.startsWith('conv') && int(keys, 'reverse', 0) !== 0)
      throw new Unreadable('reverse');
    if (beyond !== undefined) throw new Unreadable(beyond);
    const layer = layers[type];
    if (layer === undefined) throw new Unreadable(`[${type}]`);
    outputs.push(layer(keys, outputs[index - 1] ?? input, { outputs, tape, shared, net: net.keys, index }));
  }
  return { sections: rest, outputs, parameters: tape.taken() };
};

/** Relative boxes with their objectness and class probabilities, of one [yolo] output: row, column, anchor (SPEC 5.2, 6.1). */
export const decodeSlowly = (keys: Keys, net: Keys, output: Image, threshold: number) => {
  const { classes, mask, anchors, raw } = headOf(keys);
  const entries = 5 + classes;
  const [nw, nh] = [int(net, 'width', 0), int(net, 'height', 0)];
  const lin = keys.representation === 'lin';
  const found: { readonly box: readonly number[]; readonly scores: readonly number[] }[] = [];
  for (let y = 0; y < output.h; y++) {
    for (let x = 0; x < output.w; x++) {
      for (const [n, m] of mask.entries()) {
        const v = (e: number) => get(output, n * entries + e, y, x);
        if (v(4) <= threshold) continue;
        const side = (s: number) => (raw ? 4 * s * s : lin && s > 0 ? s : Math.exp(s));
        const box = [
          (x + v(0)) / output.w,
          (y + v(1)) / output.h,
          (side(v(2)) * anchors[2 * m]) / nw,
          (side(v(3)) * anchors[2 * m + 1]) / nh,
        ];
        found.push({
          box,
          scores: Array.from({ length: classes }, (_, k) => v(4) * v(5 + k)).map((p) => (p > threshold ? p : 0)),
        });
      }
    }
  }
  return found;
};

/** SPEC 1.3 with signed arithmetic, and sgdr of SPEC-V4 1.3. */
export const rateSlowly = (net: Keys, b: number): number => {
  const rate = float(net, 'learning_rate', 0.001);
  const [burnIn, power] = [int(net, 'burn_in', 0), float(net, 'power', 4)];
  if (b < burnIn) return rate * (b / burnIn) ** power;
  // A power of a rounded base is far from that of the base itself.
  const [step, scale, gamma, most] = [
    int(net, 'step', 1),
    float(net, 'scale', 1),
    Math.fround(float(net, 'gamma', 1)),
    int(net, 'max_batches', 0),
  ];
  const steps = (): number => {
    const scales = list(net, 'scales');
    let at = rate;
    for (const [i, s] of list(net, 'steps').entries()) {
      if (s > b) break;
      at *= scales[i];
    }
    return at;
  };
  const sgdr = (): number => {
    let [cycle, start] = [int(net, 'sgdr_cycle', most), 0];
    while (start + cycle < b) {
      start += cycle;
      cycle *= int(net, 'sgdr_mult', 2);
    }
    const least = float(net, 'learning_rate_min', 1e-5);
    return least + 0.5 * (rate - least) * (1 + Math.cos((Math.PI * (b - start)) / cycle));
  };
  const policies: Readonly<Record<string, () => number>> = {
    constant: () => rate,
    step: () => rate * scale ** Math.floor(b / step),
    steps,
    exp: () => rate * gamma ** b,
    poly: () => rate * (1 - b / most) ** power,
    sigmoid: () => rate / (1 + Math.exp(gamma * (b - step))),
    sgdr,
  };
  const policy = policies[net.policy ?? 'constant'];
  if (policy === undefined) throw new Unreadable('policy');
  return policy();
};
