"""Times the pycocotools that python3 imports on the masks of two files; prints a line of JSON (see segm.ts)."""
import contextlib, io, json, sys, time
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

truth, found = (json.load(open(path)) for path in sys.argv[1:3])
with contextlib.redirect_stdout(io.StringIO()):
    gt = COCO()
    gt.dataset = truth
    gt.createIndex()
    wall, cpu = time.perf_counter(), time.process_time()
    dt = gt.loadRes(found)
    load = {"load_wall_s": time.perf_counter() - wall, "load_cpu_s": time.process_time() - cpu}
    e = COCOeval(gt, dt, "segm")
    wall, cpu = time.perf_counter(), time.process_time()
    e.evaluate()
    e.accumulate()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    e.summarize()
print(json.dumps({**load, "wall_s": wall, "cpu_s": cpu, "stats": [float(value) for value in e.stats]}))
