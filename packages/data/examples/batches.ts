import { batches, drawBoxes, shapeNames, shapesSample, showFault, tile, writePng, writeShapes } from '@gdarknet/data';

// A detection set to play with: PNG pictures, label files, lists, COCO instances.
const folder = process.argv[2] ?? 'shapes';
const written = await writeShapes(folder, { train: 32, valid: 8, size: 128, seed: 1 })();
if (written._tag === 'Left') throw new Error(showFault(written.left));

// Seeded, augmented training batches, made ahead by a worker thread.
const stream = batches({
  images: { kind: 'shapes', seed: 1, size: 128, count: 32 },
  batch: 8,
  width: 96,
  height: 96,
  seed: 42,
  end: 3,
});
for await (const { index, x, counts } of stream) {
  console.log(`batch ${index}: ${x.length / (96 * 96 * 3)} pictures, ${counts.reduce((a, b) => a + b)} boxes`);
}

// A contact sheet with the boxes drawn in.
const sheet = tile(
  Array.from({ length: 8 }, (_, i) => {
    const { image, boxes } = shapesSample(1, i, 128);
    return drawBoxes(
      image,
      boxes.map((box) => ({ ...box, colour: [255, 255, 0], label: shapeNames[box.classId] })),
    );
  }),
);
await writePng(`${folder}/sheet.png`, sheet)();
