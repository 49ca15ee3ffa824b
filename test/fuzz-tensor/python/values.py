"""Every operation with NumPy: in float64, rounded to the type of the result."""
import math

import numpy as np

np.seterr(all="ignore")
TYPES = {"f32": np.float32, "i32": np.int32, "u32": np.uint32}


def typed(data, dtype):
    """Exact numbers of float64 as an array of their type; f32 is kept in float64, rounded."""
    if dtype == "f32":
        return np.asarray(data, dtype=np.float64).astype(np.float32).astype(np.float64)
    wide = np.asarray(data).astype(np.int64)
    return (wide & 0xFFFFFFFF).astype(np.uint32).astype(TYPES[dtype])


def rounded(x):
    """The nearest number of single precision, kept in float64; integers as they are."""
    x = np.asarray(x)
    return x.astype(np.float32).astype(np.float64) if x.dtype == np.float64 else x


def dtype_of(x):
    return {np.dtype(np.float64): "f32", np.dtype(np.int32): "i32", np.dtype(np.uint32): "u32"}[x.dtype]


def wrap(x, dtype):
    return (x.astype(np.int64) & 0xFFFFFFFF).astype(np.uint32).astype(dtype)


def lifted(a, b):
    # Of arrays without axes NumPy makes scalars.
    a, b = (np.asarray(x) if isinstance(x, np.generic) else x for x in (a, b))
    like = a if isinstance(a, np.ndarray) else b if isinstance(b, np.ndarray) else np.zeros(())
    lift = lambda x: x if isinstance(x, np.ndarray) else typed(x, dtype_of(like))
    return lift(a), lift(b)


def integer_division(a, b):
    a, b = a.astype(np.int64), b.astype(np.int64)
    quotient = np.abs(a) // np.where(b == 0, 1, np.abs(b))
    return np.where(b == 0, 0, np.sign(a) * np.sign(b) * quotient)


def binary(f, whole=None):
    def apply(a, b):
        a, b = lifted(a, b)
        if a.dtype == np.float64:
            return f(a, b)
        return wrap((whole or f)(a.astype(np.int64), b.astype(np.int64)), a.dtype)

    return apply


def comparison(f):
    def apply(a, b):
        a, b = lifted(a, b)
        return f(a, b).astype(np.float64)

    return apply


def absolute(x):
    return np.abs(x) if x.dtype == np.float64 else wrap(np.abs(x.astype(np.int64)), x.dtype)


def negative(x):
    return -x if x.dtype == np.float64 else wrap(-x.astype(np.int64), x.dtype)


def cast(dtype):
    def apply(x):
        if x.dtype == np.float64 and dtype != "f32":
            low, high = (-(2**31), 2**31 - 1) if dtype == "i32" else (0, 2**32 - 1)
            return typed(np.clip(np.trunc(np.nan_to_num(x, nan=0.0, posinf=high, neginf=low)), low, high), dtype)
        return rounded(x.astype(np.float64)) if dtype == "f32" else typed(x, dtype)

    return apply


def maximum_like(f):
    return binary(f)


def axes_of(x, options):
    axes = options.get("axes")
    return tuple(range(x.ndim)) if axes is None else tuple(sorted({a % x.ndim for a in axes}))


def reduce(f):
    def make(options={}):
        def apply(x):
            out = f(x.astype(np.float64) if x.dtype == np.float64 else x.astype(np.int64), axes_of(x, options), bool(options.get("keep")))
            return out if x.dtype == np.float64 else wrap(np.asarray(out), x.dtype)

        return apply

    return make


def mean(options={}):
    def apply(x):
        axes = axes_of(x, options)
        count = math.prod(x.shape[a] for a in axes)
        return np.sum(x, axis=axes, keepdims=bool(options.get("keep"))) / np.float64(count)

    return apply


def moments(x):
    axes = tuple(range(x.ndim - 1))
    return np.stack([np.mean(x, axis=axes), np.var(x, axis=axes)])


def softmax(x):
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def log_softmax(x):
    shifted = x - np.max(x, axis=-1, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=-1, keepdims=True))


def log_sum_exp(options={}):
    def apply(x):
        axes = axes_of(x, options)
        top = np.max(x, axis=axes, keepdims=True, initial=-np.inf)
        safe = np.where(np.isfinite(top), top, 0)
        found = np.log(np.sum(np.exp(x - safe), axis=axes, keepdims=True)) + safe
        return found if options.get("keep") else found.reshape([d for i, d in enumerate(x.shape) if i not in axes])

    return apply


def pad(low, high, options={}):
    def apply(x):
        interior = options.get("interior") or [0] * x.ndim
        value = typed(options.get("value", 0), dtype_of(x))
        shape = [lo + hi + d + max(0, d - 1) * m for lo, hi, d, m in zip(low, high, x.shape, interior)]
        out = np.full(shape, value, dtype=x.dtype)
        if x.size:
            out[tuple(slice(lo, lo + (d - 1) * (m + 1) + 1, m + 1) for lo, d, m in zip(low, x.shape, interior))] = x
        return out

    return apply


def sliced(start, end, step=None):
    return lambda x: x[tuple(slice(s, e, t) for s, e, t in zip(start, end, step or [1] * x.ndim))]


def slice_axis(axis, start, end, step=1):
    return lambda x: x[tuple(slice(start, end, step) if i == axis % x.ndim else slice(None) for i in range(x.ndim))]


def gather(indices, axis=0):
    def apply(x):
        a = axis % x.ndim
        flat = indices.reshape(-1)
        inside = (flat >= 0) & (flat < x.shape[a])
        safe = np.where(inside, flat, 0)
        taken = np.take(x, safe, axis=a) if x.shape[a] else np.zeros([len(flat) if i == a else d for i, d in enumerate(x.shape)], x.dtype)
        mask = inside.reshape([-1 if i == a else 1 for i in range(x.ndim)])
        taken = np.where(mask, taken, x.dtype.type(0))
        return taken.reshape([*x.shape[:a], *indices.shape, *x.shape[a + 1 :]])

    return apply


def scatter_add(indices, size, axis=0):
    def apply(x):
        a = axis % x.ndim
        moved = np.moveaxis(x, a, 0)
        out = np.zeros([size, *moved.shape[1:]], x.dtype)
        inside = (indices >= 0) & (indices < size)
        np.add.at(out, indices[inside], moved[inside])
        return np.moveaxis(out, 0, a)

    return apply


def matmul(a, b, options={}):
    swap = lambda x, yes: np.swapaxes(x, -1, -2) if yes else x
    return np.matmul(swap(a, options.get("transposeA")), swap(b, options.get("transposeB")))


def pair(p, default=1):
    p = default if p is None else p
    return (p, p) if isinstance(p, (int, float)) else tuple(p)


def sides(p):
    p = 0 if p is None else p
    return (p, p, p, p) if isinstance(p, (int, float)) else tuple(p)


def taps(image, kh, kw, options, out):
    """For each tap of a filter: where the windows' elements lie in the padded image."""
    sh, sw = pair(options.get("stride"))
    top, bottom, left, right = sides(options.get("padding"))
    n, h, w, c = image
    padded = (n, h + top + bottom, w + left + right, c)
    oh, ow = (padded[1] - kh) // sh + 1, (padded[2] - kw) // sw + 1
    inner = (slice(None), slice(top, top + h), slice(left, left + w), slice(None))
    for p in range(kh):
        for q in range(kw):
            yield p, q, (slice(None), slice(p, p + (oh - 1) * sh + 1, sh), slice(q, q + (ow - 1) * sw + 1, sw), slice(None)), padded, inner, (oh, ow)


def conv2d(filter, options={}):
    def apply(x):
        out, kh, kw, inner = filter.shape
        groups = options.get("groups") or 1
        total = 0
        for p, q, at, padded, inside, (oh, ow) in taps(x.shape, kh, kw, options, out):
            wide = np.zeros(padded)
            wide[inside] = x
            window = wide[at].reshape(x.shape[0], oh, ow, groups, inner)
            total = total + np.einsum("nhwgi,goi->nhwgo", window, filter[:, p, q, :].reshape(groups, out // groups, inner)).reshape(x.shape[0], oh, ow, out)
        return total

    return apply


def conv2d_input(filter, image, options={}):
    def apply(dy):
        out, kh, kw, inner = filter.shape
        groups = options.get("groups") or 1
        wide = None
        for p, q, at, padded, inside, (oh, ow) in taps(image, kh, kw, options, out):
            wide = np.zeros(padded) if wide is None else wide
            grouped = dy.reshape(dy.shape[0], oh, ow, groups, out // groups)
            wide[at] += np.einsum("nhwgo,goi->nhwgi", grouped, filter[:, p, q, :].reshape(groups, out // groups, inner)).reshape(dy.shape[0], oh, ow, groups * inner)
        return wide[inside]

    return apply


def conv2d_filter(x, dy, shape, options={}):
    out, kh, kw, inner = shape
    groups = options.get("groups") or 1
    result = np.zeros(shape)
    for p, q, at, padded, inside, (oh, ow) in taps(x.shape, kh, kw, options, out):
        wide = np.zeros(padded)
        wide[inside] = x
        window = wide[at].reshape(x.shape[0], oh, ow, groups, inner)
        grouped = dy.reshape(x.shape[0], oh, ow, groups, out // groups)
        result[:, p, q, :] = np.einsum("nhwgi,nhwgo->goi", window, grouped).reshape(out, inner)
    return result


def windows(x, options):
    size = pair(options["size"])
    whole = {"stride": options.get("stride", options["size"]), "padding": options.get("padding")}
    for p, q, at, padded, inside, _ in taps(x.shape, *size, whole, 0):
        yield at, padded, inside


def max_pool(options):
    def apply(x):
        best = None
        for at, padded, inside in windows(x, options):
            wide = np.full(padded, -np.inf)
            wide[inside] = x
            best = wide[at] if best is None else np.maximum(best, wide[at])
        return best

    return apply


def max_pool_grad(dy, options):
    def apply(x):
        # Of equal ones the first is taken, 0 and -0 too.
        largest = max_pool(options)(x)
        given = np.zeros(largest.shape, bool)
        out = None
        for at, padded, inside in windows(x, options):
            wide, real = np.full(padded, -np.inf), np.zeros(padded, bool)
            wide[inside], real[inside] = x, True
            out = np.zeros(padded) if out is None else out
            here = real[at] & ~given & ((wide[at] == largest) | (np.isnan(wide[at]) & np.isnan(largest)))
            out[at] += np.where(here, dy, 0)
            given |= here
        return out[inside]

    return apply


def threefry(k0, k1, counter):
    """Threefry-2x32 with 20 rounds, on the counters 0, c."""
    mask = np.uint64(0xFFFFFFFF)
    u = lambda v: np.uint64(int(v))
    keys = [u(k0), u(k1), u(int(k0) ^ int(k1) ^ 0x1BD11BDA)]
    x0 = np.zeros(counter.shape, np.uint64) + keys[0]
    x1 = (counter.astype(np.uint64) + keys[1]) & mask
    x0 &= mask
    rotations = [[13, 15, 26, 6], [17, 29, 16, 24]]
    for block in range(5):
        for r in rotations[block % 2]:
            x0 = (x0 + x1) & mask
            x1 = ((x1 << u(r)) | (x1 >> u(32 - r))) & mask
            x1 ^= x0
        x0 = (x0 + keys[(block + 1) % 3]) & mask
        x1 = (x1 + keys[(block + 2) % 3] + u(block + 1)) & mask
    return x0, x1


def random_bits(shape):
    def apply(key):
        k = key.reshape(-1)
        i = np.arange(math.prod(shape))
        x0, x1 = threefry(k[0], k[1], i >> 1)
        return np.where(i & 1, x1, x0).astype(np.uint32).reshape(shape)

    return apply


def uniform(shape):
    return lambda key: (random_bits(shape)(key) >> 8).astype(np.float64) * 2.0**-24


def normal(shape):
    def apply(key):
        u, v = uniform([2, math.prod(shape)])(key)
        return (np.sqrt(np.log(np.maximum(u, 2.0**-25)) * -2) * np.cos(v * typed(2 * np.pi, "f32"))).reshape(shape)

    return apply


def key(seed):
    return np.array([int(seed) // 2**32 & 0xFFFFFFFF, int(seed) & 0xFFFFFFFF], dtype=np.uint32)


def split_key(count):
    """The keys are encrypted under another one, which the digits of the roots of 2 and 3 make of the given."""
    def apply(k):
        other = wrap(k.reshape(-1).astype(np.int64) + np.array([0x6A09E667, 0xBB67AE85]), np.uint32)
        return list(random_bits([count, 2])(other))

    return apply


def iota(shape, axis, dtype="f32"):
    counts = np.arange(shape[axis]).reshape([-1 if i == axis else 1 for i in range(len(shape))])
    return typed(np.broadcast_to(counts, shape), dtype)


def upsample(factor):
    return lambda x: x.repeat(factor, axis=1).repeat(factor, axis=2)


def select(c, a, b):
    a, b = lifted(a, b)
    return np.where(c != 0, a, b)


def logistic(x):
    return np.where(x < 0, np.exp(x) / (1 + np.exp(x)), 1 / (1 + np.exp(-np.abs(x))) * (x >= 0) + np.where(np.isnan(x), x, 0))


def broadcast_to(shape):
    return lambda x: np.broadcast_to(x, shape)


FUNCTIONS = {
    "neg": negative, "abs": absolute, "exp": np.exp, "log": np.log, "sqrt": np.sqrt, "sin": np.sin, "cos": np.cos, "atan": np.arctan,
    "floor": np.floor, "square": lambda x: x * x, "relu": lambda x: np.maximum(x, 0.0), "sigmoid": logistic, "tanh": np.tanh,
    "add": binary(np.add), "sub": binary(np.subtract), "mul": binary(np.multiply), "div": binary(np.divide, integer_division),
    "maximum": maximum_like(np.maximum), "minimum": maximum_like(np.minimum),
    "less": comparison(np.less), "greater": comparison(np.greater), "equal": comparison(np.equal),
    "leakyRelu": lambda slope: lambda x: np.maximum(x, x * typed(slope, "f32")),
    "clamp": lambda lo, hi: lambda x: np.where(x < lo, np.float64(lo), np.where(x > hi, np.float64(hi), x)),
    "select": select, "cast": cast, "tag": lambda *_: lambda x: x, "print": lambda *_: lambda x: x, "stopGradient": lambda x: x,
    "broadcastTo": broadcast_to, "reshape": lambda shape: lambda x: x.reshape(shape), "transpose": lambda order: lambda x: x.transpose(order),
    "slice": sliced, "sliceAxis": slice_axis, "pad": pad, "concat": lambda axis: lambda parts: np.concatenate(parts, axis=axis),
    "gather": gather, "scatterAdd": scatter_add, "upsample2d": upsample,
    "sum": reduce(lambda x, axes, keep: np.sum(x, axis=axes, keepdims=keep)), "max": reduce(lambda x, axes, keep: np.max(x, axis=axes, keepdims=keep)),
    "mean": mean, "moments": moments, "softmax": softmax, "logSoftmax": log_softmax, "logSumExp": log_sum_exp, "expm1": np.expm1, "log1p": np.log1p, "matmul": matmul,
    "conv2d": conv2d, "conv2dInput": conv2d_input, "conv2dFilter": conv2d_filter, "maxPool2d": max_pool, "maxPool2dGrad": max_pool_grad,
    "full": lambda shape, value: np.full(shape, typed(value, "f32")), "zeros": lambda shape: np.zeros(shape), "ones": lambda shape: np.ones(shape),
    "iota": iota, "scalar": lambda value: typed(value, "f32"), "tensor": lambda data: typed(np.array(data, dtype=np.float64).reshape(-1), "f32"),
    "key": key, "splitKey": split_key, "randomBits": random_bits, "uniform": uniform, "normal": normal,
}


class Run:
    """A program; `functions` and `finish` are others for PyTorch."""

    functions = FUNCTIONS
    finish = staticmethod(lambda x: rounded(x) if isinstance(x, (np.ndarray, np.generic)) else x)

    def __init__(self, data, constants, statics):
        self.data, self.constants, self.statics = data, constants, statics

    def resolve(self, arg, found):
        if isinstance(arg, list):
            return [self.resolve(a, found) for a in arg]
        if not isinstance(arg, dict):
            return arg
        if "number" in arg:
            return float(arg["number"])
        if "ref" in arg:
            return found[arg["ref"]]
        if "fixed" in arg:
            value = self.statics[arg["fixed"]]
            return float(value["number"]) if isinstance(value, dict) else value
        return {k: self.resolve(v, found) for k, v in arg["options"].items()}

    def body(self, statements, parameters, prefix):
        found = []
        for place, s in enumerate(statements):
            name = f"{prefix}{place}"
            found.append(self.statement(s, place, name, found, parameters, prefix))
        return found

    def statement(self, s, place, name, found, parameters, prefix):
        kind = s["kind"]
        if kind == "source":
            return self.constants(name) if s["role"] == "constant" else self.data[place]
        if kind == "parameter":
            return parameters[s["index"]]
        if kind == "block":
            inner = lambda *xs: self.body(s["body"]["statements"], xs, f"{name}.")[s["body"]["result"]]
            xs = [found[i] for i in s["of"]]
            for _ in range(s["times"] if s["wrap"] == "repeat" else 1):
                xs = [inner(*xs), *xs[1:]]
            return xs[0]
        f = s["f"] if isinstance(s["f"], str) else self.statics[s["f"]["fixed"]]
        value = self.functions[f]
        for args in s["args"]:
            value = value(*[self.resolve(a, found) for a in args])
        if "at" in s:
            value = value[s["at"]]
        return self.finish(value)
