/** Small networks that hold every kind of layer and every activation between them. */
import { activations } from '../../layers/common/activations.ts';

const net = (side: number) => `[net]\nbatch=1\nsubdivisions=1\nwidth=${side}\nheight=${side}\nchannels=3\n`;
const conv = (filters: number, size: number, rest = '') =>
  `[convolutional]\nbatch_normalize=1\nfilters=${filters}\nsize=${size}\nstride=1\npad=1\nactivation=leaky\n${rest}`;

/** Shortcuts between images of other sizes and channels, wide pools, groups, up and down. */
export const detectorText = `${net(24)}
${conv(8, 3)}
[convolutional]
filters=6
size=3
stride=2
pad=1
groups=2
activation=relu
[shortcut]
from=0
alpha=0.5
beta=2
activation=leaky
[upsample]
stride=2
scale=0.5
[shortcut]
from=-2
beta=0.5
[maxpool]
size=3
stride=2
[dropout]
probability=0.5
[maxpool]
size=2
stride=1
[maxpool]
size=5
stride=1
padding=6
[upsample]
stride=-2
scale=0.25
[convolutional]
filters=18
size=1
stride=1
activation=linear
[yolo]
mask=2,0,1
anchors=4,5,9,7,12,14
classes=1
num=3
scale_x_y=1.1
iou_normalizer=1
iou_loss=giou
[route]
layers=-1,-2
${conv(5, 1)}
[route]
layers=-1
[convolutional]
filters=12
size=1
stride=1
activation=linear
[yolo]
mask=0,2
anchors=4,5,9,7,12,14
classes=1
num=3
representation=lin
iou_normalizer=1
iou_loss=giou
`;

export const classifierText = `${net(8)}
${activations.map((activation) => `[convolutional]\nfilters=6\nsize=1\nstride=1\nactivation=${activation}\n`).join('')}
${conv(8, 3, 'padding=2\n')}
[connected]
output=12
activation=tanh
batch_normalize=1
[softmax]
groups=3
temperature=2
[cost]
type=sse
`;

export const spatialText = `${net(8)}
${conv(8, 3)}
[softmax]
groups=2
spatial=1
[avgpool]
`;
