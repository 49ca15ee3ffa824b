"""Programs of tensors, one JSON line each, evaluated with NumPy; gradients with PyTorch in float64.

A line is {"program": ..., "data": {place: array}}; the answer is {"results": [array]} or {"skip": reason} or {"error": text}.
An array is {"shape": [...], "dtype": "f32" | "i32" | "u32", "data": base64 of float64}.
"""
import base64
import json
import sys
import traceback

import values
try:
    import gradients
except ImportError as error:  # no PyTorch
    gradients = None
    missing = str(error)
import numpy as np


def decode(array):
    data = np.frombuffer(base64.b64decode(array["data"]), dtype=np.float64).reshape(array["shape"])
    return values.typed(data, array["dtype"])


def encode(array):
    array = np.asarray(array)
    data = np.ascontiguousarray(array, dtype=np.float64)
    return {"shape": list(array.shape), "data": base64.b64encode(data.tobytes()).decode()}


def answer(request):
    program, data = request["program"], {int(k): decode(v) for k, v in request["data"].items()}
    constants = lambda key: decode(request["constants"][key])
    if program.get("gradient") is None:
        run = values.Run(data, constants, program["statics"][0] if program["statics"] else [])
        found = run.body(program["statements"], [], "")
        return {"results": [encode(found[i]) for i in program["outputs"]]}
    if gradients is None:
        return {"skip": missing}
    try:
        return {"results": [encode(x) for x in gradients.evaluate(program, data, constants, [decode(c) for c in request["cotangents"]])]}
    except gradients.Undefined as reason:
        return {"skip": str(reason)}


for line in sys.stdin:
    try:
        reply = answer(json.loads(line))
    except Exception:
        reply = {"error": traceback.format_exc()[-800:]}
    sys.stdout.write(json.dumps(reply) + "\n")
    sys.stdout.flush()
