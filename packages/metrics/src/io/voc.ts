/** VOC's folders: `<vocDir>/VOC<year>/{Annotations,ImageSets/Main}` and the folder of a run's results. */
import { join } from 'node:path';
import { together } from '../formats/fault.ts';
import { formatVocDetections, parseImageSet, parseVocAnnotation, parseVocDetections } from '../formats/voc.ts';
import type { VocAnnotation, VocDetection } from '../voc/input.ts';
import type { Read } from './files.ts';
import { readAll, readText, writeText } from './files.ts';

export interface VocLayout {
  /** The folder that holds `VOC<year>`, usually `VOCdevkit`. */
  readonly vocDir: string;
  readonly year: string | number;
  /** Such as `test` or `val`. */
  readonly imageSet: string;
}

/** The annotations of every image in a set, the faults of all files together. */
export const readVocAnnotations = async ({ vocDir, year, imageSet }: VocLayout): Read<readonly VocAnnotation[]> => {
  const home = join(vocDir, `VOC${year}`);
  const list = await readText(join(home, 'ImageSets', 'Main', `${imageSet}.txt`));
  if (list._tag === 'Left') return list;
  const results = await readAll(parseImageSet(list.right), async (image) => {
    const path = join(home, 'Annotations', `${image}.xml`);
    const text = await readText(path);
    return text._tag === 'Left' ? text : parseVocAnnotation(text.right, path, image);
  });
  return together(results);
};

const fileOf = (dir: string, imageSet: string, name: string): string => join(dir, `comp4_det_${imageSet}_${name}.txt`);

/** The detections of every class from `<dir>/comp4_det_<imageSet>_<class>.txt`; a missing file is a fault. */
export const readVocDetections = async (
  dir: string,
  imageSet: string,
  classes: readonly string[],
): Read<readonly VocDetection[]> => {
  const results = await readAll(classes, async (name) => {
    const path = fileOf(dir, imageSet, name);
    const text = await readText(path);
    return text._tag === 'Left' ? text : parseVocDetections(text.right, path, name);
  });
  const all = together(results);
  return all._tag === 'Left' ? all : { _tag: 'Right', right: all.right.flat() };
};

/** One file a class, also for a class without detections. */
export const writeVocDetections = async (
  dir: string,
  imageSet: string,
  classes: readonly string[],
  detections: readonly VocDetection[],
): Read<void> => {
  const results = await readAll(classes, (name) =>
    writeText(fileOf(dir, imageSet, name), formatVocDetections(detections.filter((row) => row.name === name))),
  );
  const all = together(results);
  return all._tag === 'Left' ? all : { _tag: 'Right', right: undefined };
};
