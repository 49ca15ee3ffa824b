import { cocoSummary, errorBreakdown, evaluateCoco, giouLoss, giouOf } from '@gdarknet/metrics';

// Ground truth and detections are what JSON.parse makes of COCO's two files. Boxes: x, y, width, height.
const groundTruth = {
  images: [{ id: 1 }, { id: 2 }],
  categories: [{ id: 18, name: 'dog' }],
  annotations: [
    { id: 1, image_id: 1, category_id: 18, bbox: [10, 10, 100, 80], area: 8000, iscrowd: 0 },
    { id: 2, image_id: 2, category_id: 18, bbox: [40, 20, 50, 50], area: 2500, iscrowd: 0 },
  ],
};
const detections = [
  { image_id: 1, category_id: 18, bbox: [12, 10, 98, 82], score: 0.9 },
  { image_id: 2, category_id: 18, bbox: [60, 20, 50, 50], score: 0.6 },
];

console.log(cocoSummary(evaluateCoco(groundTruth, detections).stats));

const { stats, perCategory } = evaluateCoco(groundTruth, detections, { overlap: 'giou' });
console.log('AP by GIoU', stats[0]?.toFixed(3), perCategory[0]?.name, perCategory[0]?.AP50.toFixed(3));
console.log('why', errorBreakdown(groundTruth, detections).count);

console.log(
  'two boxes',
  giouOf([0, 0, 2, 2], [1, 1, 3, 3]).toFixed(4),
  giouLoss([0, 0, 2, 2], [1, 1, 3, 3]).toFixed(4),
);
