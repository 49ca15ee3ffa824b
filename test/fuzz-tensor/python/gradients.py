"""Gradients of programs with PyTorch, all in float64. Where a derivative is not unique, the program is left out."""
import numpy as np
import torch
import torch.nn.functional as F

import values
from values import pair, sides

torch.set_num_threads(1)


class Undefined(Exception):
    """There is no one derivative here."""


def unique(condition, what):
    if bool(torch.as_tensor(condition).any()):
        raise Undefined(what)


def near(a, b):
    return (a - b).abs() <= 1e-6 * torch.maximum(a.abs(), b.abs()) + 1e-9


def tensor_of(x):
    x = np.array(x)
    if x.dtype in (np.uint32, np.int32):
        x = x.astype(np.int64)
    return torch.from_numpy(x)


def is_real(x):
    return not isinstance(x, torch.Tensor) or x.dtype == torch.float64


def lifted(a, b):
    for x in (a, b):
        if isinstance(x, torch.Tensor) and not is_real(x):
            raise Undefined("integers: NumPy judges them")
    lift = lambda x: x if isinstance(x, torch.Tensor) else torch.tensor(float(np.float32(x)), dtype=torch.float64)
    return lift(a), lift(b)


def binary(f):
    return lambda a, b: f(*lifted(a, b))


def larger(a, b):
    unique(near(a, b) & (a.requires_grad or b.requires_grad), "a tie of maximum")
    return torch.maximum(a, b)


def smaller(a, b):
    unique(near(a, b) & (a.requires_grad or b.requires_grad), "a tie of minimum")
    return torch.minimum(a, b)


def compared(f):
    def apply(a, b):
        a, b = lifted(a, b)
        unique(near(a, b) & ((a != b) | (a.requires_grad or b.requires_grad)), "a comparison at its threshold")
        return f(a, b).to(torch.float64)

    return apply


def absolute(x):
    unique((x.abs() < 1e-9) & x.requires_grad, "abs at 0")
    return x.abs()


def floor(x):
    unique((near(x, x.round()) & x.requires_grad), "floor at a whole number")
    return x.floor()


def cast(dtype):
    def apply(x):
        if dtype == "f32":
            return x.to(torch.float64)
        if is_real(x):
            unique(near(x, x.round()) & x.requires_grad, "cast at a whole number")
        return tensor_of(values.cast(dtype)(x.detach().numpy() if is_real(x) else values.typed(x.numpy(), dtype)))

    return apply


def axes_of(x, options):
    axes = options.get("axes")
    return tuple(range(x.ndim)) if axes is None else tuple(sorted({a % x.ndim for a in axes}))


def total(options={}):
    def apply(x):
        axes = axes_of(x, options)
        return x if not axes else x.sum(dim=axes, keepdim=bool(options.get("keep")))

    return apply


def mean(options={}):
    def apply(x):
        axes = axes_of(x, options)
        count = int(np.prod([x.shape[a] for a in axes])) if axes else 1
        # Of integers too; a quotient of them would be of 32 bits.
        return total(options)(x).to(torch.float64) / count

    return apply


def single_best(x, dims):
    top = x.amax(dim=dims, keepdim=True)
    unique((near(x, top).sum(dim=dims) > 1) & x.requires_grad, "a tie of max")


def largest(options={}):
    def apply(x):
        axes = axes_of(x, options)
        if not axes:
            return x
        single_best(x, axes)
        return x.amax(dim=axes, keepdim=bool(options.get("keep")))

    return apply


def log_sum_exp(options={}):
    def apply(x):
        axes = axes_of(x, options)
        return torch.logsumexp(x, dim=axes, keepdim=bool(options.get("keep"))) if axes else x

    return apply


def moments(x):
    axes = tuple(range(x.ndim - 1))
    m = x.mean(dim=axes) if axes else x
    v = ((x - m) ** 2).mean(dim=axes) if axes else (x - m) ** 2
    return torch.stack([m, v])


def padded(low, high, options={}):
    def apply(x):
        interior = options.get("interior") or [0] * x.ndim
        shape = [lo + hi + d + max(0, d - 1) * m for lo, hi, d, m in zip(low, high, x.shape, interior)]
        at = tuple(slice(lo, lo + max(0, (d - 1) * (m + 1) + 1), m + 1) for lo, d, m in zip(low, x.shape, interior))
        out = torch.full(shape, float(np.float32(options.get("value", 0))), dtype=torch.float64) if is_real(x) else torch.full(shape, int(options.get("value", 0)))
        mask = torch.zeros(shape, dtype=torch.bool)
        if x.numel():
            mask[at] = True
            out = out.masked_scatter(mask, x)
        return out

    return apply


def strided(x, start, end, step):
    return x[tuple(slice(s, e, t) for s, e, t in zip(start, end, step))]


def sliced(start, end, step=None):
    return lambda x: strided(x, start, end, step or [1] * x.ndim)


def slice_axis(axis, start, end, step=1):
    return lambda x: x[tuple(slice(start, end, step) if i == axis % x.ndim else slice(None) for i in range(x.ndim))]


def gather(indices, axis=0):
    def apply(x):
        a = axis % x.ndim
        flat = indices.reshape(-1)
        inside = (flat >= 0) & (flat < x.shape[a])
        if not x.shape[a]:
            raise Undefined("an empty axis")
        taken = x.index_select(a, torch.where(inside, flat, torch.zeros_like(flat)))
        mask = inside.reshape([-1 if i == a else 1 for i in range(x.ndim)])
        taken = torch.where(mask, taken, torch.zeros_like(taken))
        return taken.reshape([*x.shape[:a], *indices.shape, *x.shape[a + 1 :]])

    return apply


def scatter_add(indices, size, axis=0):
    def apply(x):
        a = axis % x.ndim
        inside = ((indices >= 0) & (indices < size)).nonzero().reshape(-1)
        shape = [size if i == a else d for i, d in enumerate(x.shape)]
        return torch.zeros(shape, dtype=x.dtype).index_add(a, indices[inside], x.index_select(a, inside))

    return apply


def matmul(a, b, options={}):
    swap = lambda x, yes: x.transpose(-1, -2) if yes else x
    return torch.matmul(swap(a, options.get("transposeA")), swap(b, options.get("transposeB")))


def around(x, options, value=0.0):
    """`[n, c, h, w]` with its padding."""
    top, bottom, left, right = sides(options.get("padding"))
    return F.pad(x.permute(0, 3, 1, 2), (left, right, top, bottom), value=value)


def conv2d(filter, options={}):
    def apply(x):
        y = F.conv2d(around(x, options), filter.permute(0, 3, 1, 2), stride=pair(options.get("stride")), groups=options.get("groups") or 1)
        return y.permute(0, 2, 3, 1)

    return apply


def derivative(f, at, cotangent):
    """The pull-back of a linear function, itself differentiable."""
    (found,) = torch.autograd.grad(f(at), at, cotangent, create_graph=True)
    return found


def conv2d_input(filter, image, options={}):
    def apply(dy):
        x = torch.zeros(image, dtype=torch.float64, requires_grad=True)
        return derivative(conv2d(filter, options), x, dy)

    return apply


def conv2d_filter(x, dy, shape, options={}):
    filter = torch.zeros(shape, dtype=torch.float64, requires_grad=True)
    return derivative(lambda f: conv2d(f, options)(x), filter, dy)


def max_pool(options):
    size = pair(options["size"])
    stride = pair(options.get("stride", options["size"]))

    def apply(x):
        wide = around(x, options, -np.inf)
        patches = wide.unfold(2, size[0], stride[0]).unfold(3, size[1], stride[1])
        flat = patches.reshape(*patches.shape[:4], -1)
        finite = torch.where(torch.isinf(flat), torch.full_like(flat, -1e300), flat)
        top = finite.amax(dim=-1, keepdim=True)
        unique((near(finite, top).sum(dim=-1) > 1) & x.requires_grad & (top[..., 0] > -1e300), "a tie of maxPool2d")
        return flat.amax(dim=-1).permute(0, 2, 3, 1)

    return apply


def max_pool_grad(dy, options):
    def apply(x):
        at = x.detach().clone().requires_grad_(True)
        return derivative(max_pool(options), at, dy)

    return apply


def select(c, a, b):
    a, b = lifted(a, b)
    unique((c.abs() < 1e-9) & (c != 0), "select at its threshold")
    return torch.where(c != 0, a, b)


def drawn(name):
    return lambda *first: lambda key: tensor_of(values.FUNCTIONS[name](*first)(key.numpy().astype(np.uint32)))


def split_key(count):
    return lambda key: [tensor_of(k) for k in values.split_key(count)(key.numpy().astype(np.uint32))]


def made(name):
    return lambda *args: tensor_of(values.FUNCTIONS[name](*args))


def root(x):
    unique((x <= 1e-12) & x.requires_grad, "sqrt at 0")
    return torch.sqrt(x)


def with_slope(f, slope):
    """PyTorch takes some derivatives from the result, s (1 - s) or 1 - t t, which loses all digits where it is near a bound."""

    class WithSlope(torch.autograd.Function):
        @staticmethod
        def forward(context, x):
            context.save_for_backward(x)
            return f(x)

        @staticmethod
        def backward(context, cotangent):
            return cotangent * slope(*context.saved_tensors)

    return WithSlope.apply


sigmoid = with_slope(torch.sigmoid, lambda x: sigmoid(x) * sigmoid(-x))
tanh = with_slope(torch.tanh, lambda x: 4 * sigmoid(2 * x) * sigmoid(-2 * x))
expm1 = with_slope(torch.expm1, torch.exp)


def bent(slope):
    s = float(np.float32(slope))
    return lambda x: larger(x, x * s) if slope != 1 else x


def clamp(lo, hi):
    def apply(x):
        unique((near(x, torch.full_like(x, lo)) | near(x, torch.full_like(x, hi))) & x.requires_grad, "clamp at a bound")
        return torch.where(x < lo, torch.full_like(x, lo), torch.where(x > hi, torch.full_like(x, hi), x))

    return apply


FUNCTIONS = {
    "neg": lambda x: -x, "abs": absolute, "exp": torch.exp, "log": torch.log, "sqrt": root, "sin": torch.sin, "cos": torch.cos,
    "atan": torch.atan, "floor": floor, "square": lambda x: x * x, "relu": lambda x: larger(x, torch.zeros_like(x)),
    "sigmoid": sigmoid, "tanh": tanh,
    "add": binary(torch.add), "sub": binary(torch.sub), "mul": binary(torch.mul), "div": binary(torch.div),
    "maximum": binary(larger), "minimum": binary(smaller),
    "less": compared(torch.lt), "greater": compared(torch.gt), "equal": compared(torch.eq),
    "leakyRelu": bent, "clamp": clamp, "select": select, "cast": cast, "tag": lambda *_: lambda x: x, "print": lambda *_: lambda x: x, "stopGradient": lambda x: x.detach(),
    "broadcastTo": lambda shape: lambda x: x.broadcast_to(shape), "reshape": lambda shape: lambda x: x.reshape(shape),
    "transpose": lambda order: lambda x: x.permute([a % x.ndim for a in order]),
    "slice": sliced, "sliceAxis": slice_axis, "pad": padded, "concat": lambda axis: lambda parts: torch.cat(parts, dim=axis),
    "gather": gather, "scatterAdd": scatter_add, "upsample2d": lambda k: lambda x: x.repeat_interleave(k, dim=1).repeat_interleave(k, dim=2),
    "sum": total, "max": largest, "mean": mean, "moments": moments,
    "softmax": lambda x: torch.softmax(x, dim=-1), "logSoftmax": lambda x: torch.log_softmax(x, dim=-1),
    "expm1": expm1, "log1p": torch.log1p, "logSumExp": log_sum_exp,
    "matmul": matmul, "conv2d": conv2d, "conv2dInput": conv2d_input, "conv2dFilter": conv2d_filter,
    "maxPool2d": max_pool, "maxPool2dGrad": max_pool_grad,
    **{name: made(name) for name in ["full", "zeros", "ones", "iota", "scalar", "tensor", "key"]},
    **{name: drawn(name) for name in ["randomBits", "uniform", "normal"]},
    "splitKey": split_key,
}


def within_f32(x):
    """What is infinite in f32 is finite here, and the derivatives differ."""
    if isinstance(x, torch.Tensor) and x.dtype == torch.float64:
        unique((x.abs() > 3.4028235e38) & torch.isfinite(x), "a value beyond f32")
    return x


class Run(values.Run):
    functions = FUNCTIONS
    finish = staticmethod(within_f32)


def evaluate(program, data, constants, cotangents):
    gradient = program["gradient"]
    by, form = gradient["by"], gradient["form"]
    given = {place: tensor_of(x) for place, x in data.items()}
    chosen = [given[p].clone().requires_grad_(True) for p in by]
    given.update(zip(by, chosen))
    run = Run(given, lambda name: tensor_of(constants(name)), program["statics"][0] if program["statics"] else [])
    found = run.body(program["statements"], [], "")
    # Integers have no derivative, and do not count.
    outputs = [found[i] for i in program["outputs"] if found[i].dtype == torch.float64]

    def pulled(ys, seeds, create_graph=False):
        pairs = [(y, s) for y, s in zip(ys, seeds) if y.requires_grad]
        if not pairs:
            return [torch.zeros_like(x) for x in chosen]
        grads = torch.autograd.grad([y for y, _ in pairs], chosen, [s for _, s in pairs], allow_unused=True, create_graph=create_graph)
        return [torch.zeros_like(x) if g is None else g for x, g in zip(chosen, grads)]

    seeds = [tensor_of(c) for c in cotangents]
    if form == "vjp":
        results = [*outputs, *pulled(outputs, seeds)]
    else:
        value = sum(((y.sum() if i % 2 == 0 else (y * 0.5).sum()) for i, y in enumerate(outputs)), torch.zeros((), dtype=torch.float64))
        first = pulled([value], [torch.ones_like(value)], create_graph=form == "twice")
        if form == "twice":
            scalar = sum(((g * s).sum() for g, s in zip(first, seeds)), torch.zeros((), dtype=torch.float64))
            first = pulled([scalar], [torch.ones_like(scalar)])
        results = [value, *first] if form == "valueAndGrad" else first
    # A tensor that is zero without having memory has no array.
    results = [np.zeros(r.shape) if r._is_zerotensor() else r.detach().numpy() for r in results]
    if not all(np.isfinite(r).all() and (np.abs(r) < 1e30).all() for r in results):
        raise Undefined("not finite")
    return results
