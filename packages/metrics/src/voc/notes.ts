/** What a VOC evaluation left out, counted and named. */
import { listed, shown } from '../check/words.ts';
import type { Counted } from '../coco/counts.ts';
import { addCounted, none } from '../coco/counts.ts';
import type { VocDropped } from './input.ts';

export interface VocNote {
  readonly tag: 'object-unknown-class' | 'unknown-image' | 'unknown-class' | 'class-without-objects';
  readonly count: number;
  /** A whole sentence. */
  readonly text: string;
}

export const noneDropped: VocDropped = { objects: none, unknownImages: none, unknownClasses: none };

export const addDropped = (a: VocDropped, b: VocDropped): VocDropped => ({
  objects: addCounted(a.objects, b.objects),
  unknownImages: addCounted(a.unknownImages, b.unknownImages),
  unknownClasses: addCounted(a.unknownClasses, b.unknownClasses),
});

const many = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`;
const some = ({ ids }: Counted): string => `${listed(ids.map(shown))}${ids.length < 3 ? '' : ' ...'}`;

export const vocNotes = (
  { objects, unknownImages, unknownClasses }: VocDropped,
  withoutObjects: readonly string[],
): readonly VocNote[] => {
  const notes: VocNote[] = [
    {
      tag: 'object-unknown-class',
      count: objects.count,
      text: `${many(objects.count, 'object')} of class ${some(objects)}, which is not scored: left out`,
    },
    {
      tag: 'unknown-image',
      count: unknownImages.count,
      text: `${many(unknownImages.count, 'detection')} on image ${some(unknownImages)}, which has no annotation in the set: left out (the original fails)`,
    },
    {
      tag: 'unknown-class',
      count: unknownClasses.count,
      text: `${many(unknownClasses.count, 'detection')} of class ${some(unknownClasses)}, which is not scored: left out`,
    },
    {
      tag: 'class-without-objects',
      count: withoutObjects.length,
      text: `nothing to find, so AP 0 in the mean, for ${withoutObjects.length > 20 ? `${withoutObjects.slice(0, 20).join(', ')} ...` : listed(withoutObjects)}`,
    },
  ];
  return notes.filter(({ count }) => count > 0);
};
