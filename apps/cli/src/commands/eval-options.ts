/** Options of `eval coco` that choose what is evaluated, and how they are told the library. */
import { CocoInputError, type CocoInstances, type CocoOptions, OptionError, OverlapError } from '@gdarknet/metrics';
import * as E from 'fp-ts/lib/Either.js';
import { flag, optional, withDefault } from '../arguments/option.ts';
import { listOf, number, oneOf, text, type Value, whole } from '../arguments/value.ts';
import { type Failure, refused, thrown } from '../core/failure.ts';

type Area = { readonly name: string; readonly low: number; readonly high: number };

const area: Value<Area> = {
  expected: 'an area range such as small:0:1024 (name, least and most pixels)',
  parse: (given) => {
    const [name, low, high, ...more] = given.split(':');
    const [least, most] = [Number(low), Number(high)];
    const good = name && low && high && more.length === 0 && least >= 0 && most >= least;
    return good ? { name, low: least, high: most } : undefined;
  },
};

export const cocoOptions = {
  iouType: withDefault(oneOf('bbox', 'segm', 'keypoints'), 'bbox', {
    placeholder: 'bbox|segm|keypoints',
    doc: 'what is compared: boxes, masks, or keypoints (by OKS)',
  }),
  rules: withDefault(oneOf('coco', 'lvis', 'open-images'), 'coco', {
    placeholder: 'coco|lvis|open-images',
    doc: 'what counts on images that are labelled for some classes only; LVIS needs its own files',
  }),
  maxDets: optional(listOf(whole({ min: 1 })), {
    placeholder: 'n,n,n',
    doc: 'detections an image and class that are looked at [1,10,100; keypoints: 20]',
  }),
  iouThresholds: optional(listOf(number({ min: -1, max: 1 })), {
    placeholder: 't,t,...',
    doc: 'overlaps at which a detection is right [0.5,0.55,...,0.95]',
  }),
  areas: optional(listOf(area), {
    placeholder: 'name:low:high,...',
    doc: "area ranges, one of them named all [COCO's all, small, medium, large]",
  }),
  images: optional(listOf(text), { placeholder: 'id,id,...', doc: 'evaluate these images only' }),
  categories: optional(listOf(text), { placeholder: 'name,id,...', doc: 'evaluate these classes only' }),
  classAgnostic: flag('take all classes as one'),
};

export type CocoValues = {
  readonly iouType: 'bbox' | 'segm' | 'keypoints';
  readonly rules: 'coco' | 'lvis' | 'open-images';
  readonly maxDets: readonly number[] | undefined;
  readonly iouThresholds: readonly number[] | undefined;
  readonly areas: readonly Area[] | undefined;
  readonly images: readonly string[] | undefined;
  readonly categories: readonly string[] | undefined;
  readonly classAgnostic: boolean;
  readonly compat: boolean;
};

/** By name, else by number. */
const categoryIds = (
  names: readonly string[],
  { categories }: Pick<CocoInstances, 'categories'>,
): readonly number[] => {
  const byName = new Map(categories.map(({ id, name }) => [name, id]));
  return names.map((name) => {
    const id = byName.get(name) ?? Number(name);
    if (categories.some((category) => category.id === id)) return id;
    const some = categories.slice(0, 20).map((category) => category.name ?? category.id);
    throw new OptionError('categories', `--categories: no class is ${name}; there are ${some.join(', ')}.`);
  });
};

/** As the file has them: a number where an image's id is one. */
const imageIds = (ids: readonly string[], { images }: Pick<CocoInstances, 'images'>): readonly (string | number)[] => {
  const known = new Set(images.map(({ id }) => id));
  return ids.map((id) => {
    if (known.has(id)) return id;
    if (known.has(Number(id))) return Number(id);
    throw new OptionError('images', `--images: the ground truth has no image ${id}.`);
  });
};

/** @throws OptionError naming a class or image that is not there. */
export const optionsOf = (values: CocoValues, truth: Pick<CocoInstances, 'images' | 'categories'>): CocoOptions => ({
  compat: values.compat,
  useCats: !values.classAgnostic,
  ...(values.maxDets && { maxDets: values.maxDets }),
  ...(values.iouThresholds && { thresholds: values.iouThresholds }),
  ...(values.areas && { areas: values.areas }),
  ...(values.images && { imgIds: imageIds(values.images, truth) }),
  ...(values.categories && { catIds: categoryIds(values.categories, truth) }),
});

/** What the library refuses, as a failure of the file that holds the row. */
export const attempt = <A>(files: { readonly gt: string; readonly dt: string }, run: () => A): E.Either<Failure, A> =>
  E.tryCatch(run, (error) => {
    if (error instanceof CocoInputError) {
      const file = error.list === 'detections' ? files.dt : files.gt;
      return refused(`${file}: ${error.message.replace(/\.$/, '')}`, 'mend the file');
    }
    if (error instanceof OptionError) return refused(error.message.replace(/\.$/, ''), 'see gdarknet help eval coco');
    if (error instanceof OverlapError) return refused(error.message.replace(/\.$/, ''), 'give a number');
    return thrown(error);
  });
