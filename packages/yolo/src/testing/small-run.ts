/** A network of three convolutions, and batches for it: what every device and precision is compared on. */
import type { Trainer, TrainingBatch } from '../training/contract.ts';

export const cfg = `[net]
batch=4
subdivisions=2
width=32
height=32
channels=3
momentum=0.9
decay=0.0005
learning_rate=0.001
policy=constant
[convolutional]
batch_normalize=1
filters=8
size=3
stride=2
pad=1
activation=leaky
[convolutional]
batch_normalize=1
filters=16
size=3
stride=2
pad=1
activation=leaky
[convolutional]
filters=14
size=1
activation=linear
[yolo]
mask=0,1
anchors=6,6, 14,14
classes=2
num=2
ignore_thresh=.5
iou_loss=giou
iou_normalizer=1
`;

export const batchAt = (batch: number, { maxTruths }: Trainer): TrainingBatch => {
  const x = Float32Array.from({ length: 4 * 32 * 32 * 3 }, (_, i) => ((i * 29 + batch * 131) % 101) / 101);
  const truths = new Float32Array(4 * maxTruths * 5);
  for (let i = 0; i < 4; i++) {
    const at = ((batch + i) % 5) / 10;
    truths.set([0.3 + at, 0.6 - at, 0.2 + at, 0.3, i % 2], i * maxTruths * 5);
  }
  return { x, truths, counts: [1, 1, 1, 1] };
};
