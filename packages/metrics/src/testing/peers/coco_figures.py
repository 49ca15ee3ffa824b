"""Scores the sets on stdin with the pycocotools that python3 imports; a line of JSON a set (see record.ts)."""
import contextlib, copy, hashlib, io, json, sys
import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval


def evaluate(case):
    gt = COCO()
    gt.dataset = copy.deepcopy({key: case[key] for key in ("images", "categories", "annotations")})
    gt.createIndex()
    e = COCOeval(gt, gt.loadRes(copy.deepcopy(case["detections"])), case["type"])
    for name, value in case.get("params", {}).items():
        setattr(e.params, name, value)
    e.evaluate()
    e.accumulate()
    e.summarize()
    sha = lambda column: hashlib.sha256(np.ascontiguousarray(column, dtype="<f8").tobytes()).hexdigest()[:16]
    return {
        "precision": sha(e.eval["precision"]),
        "recall": sha(e.eval["recall"]),
        "scores": sha(e.eval["scores"]),
        "stats": [float(value) for value in e.stats],
    }


for line in sys.stdin:
    with contextlib.redirect_stdout(io.StringIO()):
        result = evaluate(json.loads(line))
    print(json.dumps(result))
