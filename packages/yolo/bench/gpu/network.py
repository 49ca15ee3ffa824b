"""PyTorch's side of the bench: the network of a .cfg with the weights of a .weights file, timed on request.

Answers every line of JSON on its input with one on its output: {"op": "open" | "outputs" | "run" | "close", ...}. The first
line that it writes says what it runs on, or why it cannot. Float32 is float32: TF32 is off.
"""

import gc
import json
import struct
import sys
import time

answers, sys.stdout = sys.stdout, sys.stderr


def answer(**values):
    answers.write(json.dumps(values) + "\n")
    answers.flush()


try:
    import torch
    from torch import nn
    from torch.nn import functional as F
except ImportError as error:
    answer(error="PyTorch: %s" % error)
    sys.exit(0)

device = sys.argv[1]
cuda = device.startswith("cuda")
if cuda and not torch.cuda.is_available():
    answer(error="CUDA for PyTorch %s" % torch.__version__)
    sys.exit(0)
torch.manual_seed(0)
if hasattr(torch.backends, "fp32_precision"):
    # From PyTorch 2.9; what is set one way must not be read the other.
    torch.backends.fp32_precision = "ieee"
    torch.backends.cuda.matmul.fp32_precision = "ieee"
    torch.backends.cudnn.fp32_precision = "ieee"
    torch.backends.cudnn.conv.fp32_precision = "ieee"
else:
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
torch.backends.cudnn.benchmark = True


def synchronise():
    if cuda:
        torch.cuda.synchronize()


def sections(path):
    """Name and keys of each section."""
    found = []
    for line in open(path):
        line = line.split("#")[0].strip()
        if line.startswith("["):
            found.append((line[1:-1], {}))
        elif "=" in line:
            key, value = line.split("=", 1)
            found[-1][1][key.strip()] = value.strip()
    return found


ACTIVATIONS = {
    "linear": lambda x: x,
    "leaky": lambda x: F.leaky_relu(x, 0.1),
    "relu": F.relu,
    "logistic": torch.sigmoid,
}


class Convolution(nn.Module):
    def __init__(self, channels, keys):
        super().__init__()
        size = int(keys.get("size", 1))
        self.filters = int(keys.get("filters", 1))
        normalised = int(keys.get("batch_normalize", 0)) == 1
        padding = size // 2 if int(keys.get("pad", 0)) else int(keys.get("padding", 0))
        self.convolution = nn.Conv2d(
            channels,
            self.filters,
            size,
            int(keys.get("stride", 1)),
            padding,
            groups=int(keys.get("groups", 1)),
            bias=not normalised,
        )
        self.norm = nn.BatchNorm2d(self.filters, momentum=0.01) if normalised else None
        self.activation = ACTIVATIONS[keys.get("activation", "logistic")]

    def forward(self, x):
        x = self.convolution(x)
        return self.activation(x if self.norm is None else self.norm(x))

    def load(self, take):
        filters = self.filters
        if self.norm is None:
            take(self.convolution.bias, filters)
        else:
            for values in (self.norm.bias, self.norm.weight, self.norm.running_mean, self.norm.running_var):
                take(values, filters)
        take(self.convolution.weight, self.convolution.weight.numel())

    def fold(self):
        """The normalisation in weights and biases, as the other side has it."""
        if self.norm is not None:
            self.convolution = nn.utils.fusion.fuse_conv_bn_eval(self.convolution.eval(), self.norm.eval())
            self.norm = None


class MaxPool(nn.Module):
    """Padding of `size - 1` in all, the greater half behind."""

    def __init__(self, keys):
        super().__init__()
        self.stride = int(keys.get("stride", 1))
        self.size = int(keys.get("size", self.stride))
        self.padding = int(keys.get("padding", self.size - 1))

    def forward(self, x):
        before = self.padding // 2
        sides = []
        for length in (x.shape[3], x.shape[2]):
            out = (length + self.padding - self.size) // self.stride + 1
            sides += [before, max(0, (out - 1) * self.stride + self.size - before - length)]
        if any(sides):
            x = F.pad(x, sides, value=float("-inf"))
        return F.max_pool2d(x, self.size, self.stride)


class Network(nn.Module):
    def __init__(self, path):
        super().__init__()
        (_, net), *layers = sections(path)
        self.kinds, self.keys, modules, channels = [], [], [], []
        last = int(net.get("channels", 3))
        self.heads = []
        for index, (kind, keys) in enumerate(layers):
            module = nn.Identity()
            if kind == "convolutional":
                module = Convolution(last, keys)
                last = module.filters
            elif kind == "maxpool":
                module = MaxPool(keys)
            elif kind == "route":
                sources = [int(n) for n in keys["layers"].split(",")]
                keys = {"sources": [n if n >= 0 else index + n for n in sources]}
                last = sum(channels[n] for n in keys["sources"])
            elif kind == "shortcut":
                source = int(keys["from"])
                keys = {"source": source if source >= 0 else index + source, **keys}
            elif kind == "upsample":
                module = nn.Upsample(scale_factor=int(keys.get("stride", 2)))
            elif kind == "yolo":
                self.heads.append(index)
            else:
                raise ValueError("a layer of kind %s" % kind)
            channels.append(last)
            modules.append(module)
            self.kinds.append(kind)
            self.keys.append(keys)
        self.layers = nn.ModuleList(modules)
        self.needed = {n for keys in self.keys for n in keys.get("sources", [])}
        self.needed |= {keys["source"] for keys in self.keys if "source" in keys}

    def forward(self, x, decode=False):
        """What goes into the heads, or with `decode` what comes out of them."""
        kept, heads = {}, []
        for index, (kind, keys, layer) in enumerate(zip(self.kinds, self.keys, self.layers)):
            if kind == "route":
                sources = [kept[n] for n in keys["sources"]]
                x = sources[0] if len(sources) == 1 else torch.cat(sources, 1)
            elif kind == "shortcut":
                x = ACTIVATIONS[keys.get("activation", "linear")](x + kept[keys["source"]])
            elif kind == "yolo":
                heads.append(self.decode(x, keys) if decode else x)
            else:
                x = layer(x)
            if index in self.needed:
                kept[index] = x
        return heads

    @staticmethod
    def decode(x, keys):
        """Logistic of all but width and height."""
        entries = 5 + int(keys["classes"])
        n, c, h, w = x.shape
        apart = x.reshape(n, c // entries, entries, h, w)
        place, size, rest = apart[:, :, :2], apart[:, :, 2:4], apart[:, :, 4:]
        return torch.cat([torch.sigmoid(place), size, torch.sigmoid(rest)], 2).reshape(n, c, h, w)

    def load(self, path):
        data = open(path, "rb").read()
        major, minor = struct.unpack_from("<ii", data)
        offset = 20 if major * 10 + minor >= 2 else 16

        def take(target, count):
            nonlocal offset
            values = torch.frombuffer(bytearray(data[offset : offset + 4 * count]), dtype=torch.float32)
            with torch.no_grad():
                target.copy_(values.view(target.shape))
            offset += 4 * count

        for layer in self.layers:
            if isinstance(layer, Convolution):
                layer.load(take)
        if offset != len(data):
            raise ValueError("the weights hold %d bytes, the network takes %d" % (len(data), offset))


LAYOUTS = [torch.contiguous_format, torch.channels_last]


def faster(prepare, call):
    """Takes the layout in which a call takes less time."""
    times = []
    for layout in LAYOUTS if cuda else LAYOUTS[:1]:
        prepare(layout)
        for _ in range(3):
            call()
        synchronise()
        start = time.perf_counter()
        for _ in range(5):
            call()
        synchronise()
        times.append((time.perf_counter() - start, len(times)))
        if not cuda:
            return
    prepare(LAYOUTS[min(times)[1]])


def open_forward(network, x, half):
    for layer in network.layers:
        if isinstance(layer, Convolution):
            layer.fold()
    network.eval()
    dtype = torch.float16 if half else torch.float32
    held = {}

    def prepare(layout):
        network.to(device, dtype, memory_format=layout)
        held["x"] = x.to(device, dtype, memory_format=layout)

    @torch.no_grad()
    def call():
        return network(held["x"], decode=True)

    @torch.no_grad()
    def outputs():
        return network(held["x"])

    # A tensor's `to` wants the layout by itself where the type stays.
    x = x.contiguous()
    faster(prepare, call)
    return call, outputs


def read_later(loss):
    if not cuda:
        return loss.item
    host = torch.empty((), pin_memory=True)
    host.copy_(loss, non_blocking=True)
    copied = torch.cuda.Event()
    copied.record()

    def read():
        copied.synchronize()
        return host.item()

    return read


def open_training(network, x, half):
    """Pictures go to the card and the loss comes back, as on the other side. The loss itself is a stand-in: this side's
    would cost more than it."""
    network.train()
    state = {}
    amp = torch.amp if hasattr(torch.amp, "GradScaler") else torch.cuda.amp
    scaler = amp.GradScaler(enabled=half and cuda)
    host = x.pin_memory() if cuda else x

    def prepare(layout):
        network.to(device, memory_format=layout)
        state["layout"] = layout
        state["optimiser"] = torch.optim.SGD(network.parameters(), 0.0001, 0.9, weight_decay=0.0005)

    def call():
        optimiser = state["optimiser"]
        optimiser.zero_grad()
        given = host.to(device, non_blocking=True).contiguous(memory_format=state["layout"])
        with torch.autocast("cuda" if cuda else "cpu", torch.float16 if cuda else torch.bfloat16, enabled=half):
            loss = sum((torch.sigmoid(y.float()) ** 2).mean() for y in network(given))
        scaler.scale(loss).backward()
        scaler.step(optimiser)
        scaler.update()
        # Read a step later, as on the other side: the card has its next step by then.
        before, state["loss"] = state.get("loss"), read_later(loss.detach())
        return before() if before else None

    faster(prepare, call)
    return call, None


def open_product(size, half):
    dtype = torch.float16 if half else torch.float32
    a, b = (torch.rand(size, size, device=device).to(dtype) for _ in range(2))
    return lambda: torch.matmul(a, b), None


@torch.no_grad()
def read_pictures(path, batch, side):
    data = torch.frombuffer(bytearray(open(path, "rb").read()), dtype=torch.float32)
    return data.view(batch, side, side, 3).permute(0, 3, 1, 2).contiguous()


def open_contestant(request):
    half = request["precision"] == "f16"
    if half and not cuda:
        raise RuntimeError("float16 on the processor")
    if "size" in request:
        return open_product(request["size"], half)
    network = Network(request["cfg"])
    network.load(request["weights"])
    x = read_pictures(request["pictures"], request["batch"], request["side"])
    return (open_training if request["training"] else open_forward)(network, x, half)


def run(call, calls):
    synchronise()
    start = time.perf_counter()
    for _ in range(calls):
        call()
    enqueued = time.perf_counter()
    synchronise()
    return {"ms": (time.perf_counter() - start) * 1000 / calls, "enqueue": (enqueued - start) * 1000 / calls}


card = torch.cuda.get_device_name(0) if cuda else "the processor"
answer(ready="PyTorch %s on %s%s" % (torch.__version__, card, ", CUDA %s" % torch.version.cuda if cuda else ""))
call, outputs = None, None
for line in sys.stdin:
    request = json.loads(line)
    try:
        if request["op"] == "open":
            call, outputs = open_contestant(request)
            answer()
        elif request["op"] == "outputs":
            with open(request["path"], "wb") as file:
                for y in outputs():
                    values = y.float().permute(0, 2, 3, 1).contiguous().cpu().numpy()
                    file.write(values.tobytes())
            answer()
        elif request["op"] == "run":
            answer(**run(call, request["calls"]))
        else:
            call, outputs = None, None
            gc.collect()
            if cuda:
                torch.cuda.empty_cache()
            answer()
    except Exception as error:
        call, outputs = None, None
        answer(error="%s: %s" % (type(error).__name__, str(error).split("\n")[0]))
