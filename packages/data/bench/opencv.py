"""The original's calls in OpenCV, one thread. Reads a job a line on stdin, answers with its milliseconds."""
import sys
import time

import cv2
import numpy as np

cv2.setNumThreads(1)
path, left, top, width, height = sys.argv[1], *map(int, sys.argv[2:6])
bytes_ = np.fromfile(path, np.uint8)
image = cv2.imdecode(bytes_, cv2.IMREAD_COLOR)
hsv = cv2.cvtColor(image, cv2.COLOR_BGR2HSV)
floats = (image / 255).astype(np.float32)
hsv_floats = cv2.cvtColor(floats, cv2.COLOR_BGR2HSV)
view = np.array([[0.9, 0.1, 3.0], [-0.1, 0.9, 5.0]])
tilted = np.vstack([view, [1e-4, 2e-4, 1.0]])
side = 416


def augment(source):
    crop = np.zeros((height, width, 3), np.uint8)
    h, w = source.shape[:2]
    x0, y0, x1, y1 = max(0, left), max(0, top), min(w, left + width), min(h, top + height)
    crop[y0 - top : y1 - top, x0 - left : x1 - left] = source[y0:y1, x0:x1]
    sized = cv2.flip(cv2.resize(crop, (side, side)), 1)
    h, s, v = cv2.split(cv2.cvtColor(sized, cv2.COLOR_BGR2HSV))
    merged = cv2.merge((cv2.add(h, 5), cv2.multiply(s, 1.3), cv2.multiply(v, 0.8)))
    rgb = cv2.cvtColor(merged, cv2.COLOR_HSV2RGB)
    return np.multiply(rgb, np.float32(1 / 255), dtype=np.float32)


jobs = {
    "augment": lambda: augment(image),
    "decode and augment": lambda: augment(cv2.imdecode(bytes_, cv2.IMREAD_COLOR)),
    "decode": lambda: cv2.imdecode(bytes_, cv2.IMREAD_COLOR),
    "resize linear": lambda: cv2.resize(image, (side, side)),
    "resize area": lambda: cv2.resize(image, (side, 312), interpolation=cv2.INTER_AREA),
    "resize nearest": lambda: cv2.resize(image, (side, side), interpolation=cv2.INTER_NEAREST),
    "rgb to hsv": lambda: cv2.cvtColor(image, cv2.COLOR_BGR2HSV),
    "hsv to rgb": lambda: cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB),
    "flip": lambda: cv2.flip(image, 1),
    "border": lambda: cv2.copyMakeBorder(image, 16, 16, 16, 16, cv2.BORDER_REFLECT_101),
    "blur 5": lambda: cv2.GaussianBlur(image, (5, 5), 0),
    "blur 9": lambda: cv2.GaussianBlur(image, (9, 9), 0),
    "warp affine": lambda: cv2.warpAffine(image, view, (side, side)),
    "warp perspective": lambda: cv2.warpPerspective(image, tilted, (side, side)),
    "multiply": lambda: cv2.multiply(image, 1.3),
    "resize linear f32": lambda: cv2.resize(floats, (side, side)),
    "resize area f32": lambda: cv2.resize(floats, (side, 312), interpolation=cv2.INTER_AREA),
    "rgb to hsv f32": lambda: cv2.cvtColor(floats, cv2.COLOR_BGR2HSV),
    "hsv to rgb f32": lambda: cv2.cvtColor(hsv_floats, cv2.COLOR_HSV2RGB),
    "blur 5 f32": lambda: cv2.GaussianBlur(floats, (5, 5), 0),
}
print(cv2.__version__, flush=True)
for line in sys.stdin:
    job = jobs[line.rstrip("\n")]
    start = time.perf_counter()
    job()
    print((time.perf_counter() - start) * 1e3, flush=True)
