/** Looks at VOC's lists in memory by the rules of its readers, and stops at the first row that breaks one. */
import type { Rules } from '../check/rows.ts';
import { checkRows, isCornerBox, isFiniteNumber, isFlag, isFour } from '../check/rows.ts';
import { shown } from '../check/words.ts';
import type { VocAnnotation } from './input.ts';
import { VocInputError } from './input.ts';

const isName = (value: unknown): boolean => typeof value === 'string' && value !== '';
const name = { holds: isName, text: "a class's name" };
const image = { holds: isName, text: "an image's name" };

/** Corners count pixels, both ends inside: equal ones are a box of one pixel. */
export const cornerText = 'four numbers [xmin, ymin, xmax, ymax], the maxima not below the minima';

const annotationRules: Rules = { image, objects: { holds: Array.isArray, text: 'a list of objects' } };
const objectRules: Rules = {
  name,
  difficult: { holds: isFlag, text: '0 or 1' },
  box: { holds: isCornerBox, text: cornerText },
};
const detectionRules: Rules = {
  image,
  name,
  score: { holds: isFiniteNumber, text: 'a number' },
  box: { holds: isFour, text: 'four numbers [xmin, ymin, xmax, ymax]' },
};

export const requireRows = (rows: unknown, list: string, rules: Rules): void => {
  if (!Array.isArray(rows)) throw new VocInputError(`${list}: found ${shown(rows)}, expected a list.`);
  checkRows(rows, rules, (row, key, found, expected) => {
    const at = key === undefined ? `${list}[${row}]` : `${list}[${row}].${key}`;
    throw new VocInputError(`${at}: found ${shown(found)}, expected ${expected}.`);
  });
};

/** An image may have several rows: its objects are those of all of them. @throws VocInputError naming the row. */
export const requireAnnotations = (annotations: readonly VocAnnotation[]): void => {
  requireRows(annotations, 'annotations', annotationRules);
  annotations.forEach(({ objects }, i) => {
    requireRows(objects, `annotations[${i}].objects`, objectRules);
  });
};

/** @throws VocInputError naming the row. */
export const requireDetections = (detections: unknown): void => requireRows(detections, 'detections', detectionRules);
