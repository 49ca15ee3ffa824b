/** The classes of a network beside those of a .data file, its names and its labels. */
import { findLabelPath, readLabels } from '@gdarknet/data';
import { type DataConfig, type LayerConfig, type NetworkPlan, parseNames } from '@gdarknet/yolo';
import * as E from 'fp-ts/lib/Either.js';
import { besideData, textOf } from './files.ts';

/** How many classes the heads have; undefined where there is no head. */
export const classesIn = ({ heads, layers }: NetworkPlan): number | undefined =>
  heads.length === 0 ? undefined : (layers[heads[heads.length - 1]].config as LayerConfig<'yolo'>).classes;

type Side = { readonly file: string; readonly classes: number };

/** What a .data file says and what the heads have. */
export const classesOfData = (data: DataConfig, network: Side): readonly string[] =>
  data.classes === undefined || data.classes === network.classes
    ? []
    : [`${data.file}: classes=${data.classes}, but the heads of ${network.file} have ${network.classes}, which count`];

const countedNames = async (data: DataConfig): Promise<Side | undefined> => {
  if (data.names === undefined) return undefined;
  const file = besideData(data, data.names);
  const text = await textOf(file)();
  if (E.isLeft(text)) return undefined;
  const names = parseNames(text.right, { file });
  return E.isLeft(names) ? undefined : { file, classes: names.right.value.length };
};

/** As many label files are looked into, evenly from the list. */
const looked = 500;

/** The largest class that some of the label files hold, and where; undefined where they hold none. */
const largestLabel = async (images: readonly string[]): Promise<Side | undefined> => {
  const step = Math.max(1, images.length / looked);
  let largest: Side | undefined;
  for (let at = 0; at < images.length; at += step) {
    const file = findLabelPath(images[Math.floor(at)]);
    const read = await readLabels(file)();
    if (E.isLeft(read)) continue;
    for (const { classId } of read.right.labels) {
      if (largest === undefined || classId > largest.classes) largest = { file, classes: classId };
    }
  }
  return largest;
};

/** In words, what of .data file, names and labels does not go with the heads. */
export const classDifferences = async (
  data: DataConfig,
  images: readonly string[],
  network: Side,
): Promise<readonly string[]> => {
  const names = await countedNames(data);
  const label = await largestLabel(images);
  const heads = `the heads of ${network.file} have ${network.classes} classes`;
  return [
    ...classesOfData(data, network),
    ...(names && names.classes !== network.classes
      ? [
          `${names.file}: has ${names.classes} names, but ${heads}; give the cfg classes=${names.classes} and its filters, or other names`,
        ]
      : []),
    ...(label && label.classes >= network.classes
      ? [
          `${label.file}: has objects of class ${label.classes}, but ${heads}, 0 to ${network.classes - 1}; others cannot be learned`,
        ]
      : []),
  ];
};
