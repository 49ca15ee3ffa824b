"""Scores the sets on stdin with the tidecv that python3 imports; a line of JSON a set (see record.ts)."""
import json, sys
from tidecv import TIDE, Data
from tidecv.errors.qualifiers import AREA, ASPECT_RATIO


def data_of(case):
    gt, dt = Data("gt"), Data("dt")
    for image in case["images"]:
        gt.add_image(image["id"], str(image["id"]))
    for row in case["annotations"]:
        add = gt.add_ignore_region if row["iscrowd"] else gt.add_ground_truth
        add(row["image_id"], row["category_id"], row["bbox"])
    for row in case["detections"]:
        dt.add_detection(row["image_id"], row["category_id"], row["score"], row["bbox"])
    return gt, dt


def figures(run, qualifiers=()):
    name = lambda errors: {kind.short_name: value for kind, value in errors.items()}
    return {
        "AP": run.ap,
        "main": name(run.fix_main_errors()),
        "special": name(run.fix_special_errors()),
        "counts": name(run.count_errors()),
        "qualified": {q.name: name(run.fix_main_errors(qual=q)) for q in qualifiers},
    }


def evaluate(case):
    out = []
    for i, threshold in enumerate(case["thresholds"]):
        gt, dt = data_of(case)
        run = TIDE().evaluate(gt, dt, pos_threshold=threshold, mode=TIDE.BOX)
        out.append({"threshold": threshold, **figures(run, AREA + ASPECT_RATIO if i == 0 else ())})
    return out


for line in sys.stdin:
    try:
        print(json.dumps(evaluate(json.loads(line))))
    except ZeroDivisionError:
        # No category is left to take a mean over: tidecv has no figure.
        print("null")
