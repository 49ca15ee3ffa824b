/** Activations as SPEC 1.5 and SPEC-V4 4.3 write them, in double precision. Imports no product code. */
const logistic = (x: number): number => 1 / (1 + Math.exp(-x));
const softplus = (x: number): number => (x > 20 ? x : x < -20 ? Math.exp(x) : Math.log(1 + Math.exp(x)));

export const pointwise: Readonly<Record<string, (x: number) => number>> = {
  linear: (x) => x,
  logistic,
  loggy: (x) => 2 * logistic(x) - 1,
  relu: (x) => Math.max(x, 0),
  elu: (x) => (x >= 0 ? x : Math.exp(x) - 1),
  selu: (x) => (x >= 0 ? 1.0507 * x : 1.0507 * 1.6732 * (Math.exp(x) - 1)),
  relie: (x) => (x > 0 ? x : 0.01 * x),
  ramp: (x) => Math.max(x, 0) + 0.1 * x,
  leaky: (x) => (x > 0 ? x : 0.1 * x),
  revleaky: (x) => (x > 0 ? x : 0.1 * x),
  tanh: Math.tanh,
  plse: (x) => (x < -4 ? 0.01 * (x + 4) : x > 4 ? 0.01 * (x - 4) + 1 : 0.125 * x + 0.5),
  stair: (x) => {
    const n = Math.floor(x);
    return n % 2 === 0 ? Math.floor(x / 2) : x - n + Math.floor(x / 2);
  },
  hardtan: (x) => Math.max(-1, Math.min(1, x)),
  lhtan: (x) => (x < 0 ? 0.001 * x : x > 1 ? 0.001 * (x - 1) + 1 : x),
  mish: (x) => x * Math.tanh(softplus(x)),
  swish: (x) => x * logistic(x),
  hard_mish: (x) => (x > 0 ? x : x > -2 ? (x * x) / 2 + x : 0),
  relu6: (x) => Math.min(Math.max(x, 0), 6),
  gelu: (x) => 0.5 * x * (1 + Math.tanh(0.797885 * x + 0.035677 * x ** 3)),
};

/** Of the channels of one place. */
export const acrossChannels: Readonly<Record<string, (x: readonly number[]) => readonly number[]>> = {
  normalize_channels: (x) => {
    const sum = x.reduce((total, v) => total + Math.max(v, 0), 1e-4);
    return x.map((v) => Math.max(v, 0) / sum);
  },
  normalize_channels_softmax: (x) => {
    const sum = x.reduce((total, v) => total + Math.exp(v), 1e-4);
    return x.map((v) => Math.exp(v) / sum);
  },
  normalize_channels_softmax_maxval: (x) => {
    const most = x.reduce((a, b) => Math.max(a, b));
    const sum = x.reduce((total, v) => total + Math.exp(v - most), 1e-4);
    return x.map((v) => Math.exp(v - most) / sum);
  },
};
