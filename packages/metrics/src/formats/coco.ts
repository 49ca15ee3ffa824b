/** COCO's two JSON files: instances (ground truth) and results (detections). https://cocodataset.org/#format-data */
import type { CocoAnnotation, CocoCategory, CocoDetection, CocoImage, CocoInstances } from '../coco/input.ts';
import type { Either } from './either.ts';
import { left, right } from './either.ts';
import type { FaultList, FormatFault } from './fault.ts';
import { faultList } from './fault.ts';

type Faults = readonly FormatFault[];
type Row = Readonly<Record<string, unknown>>;

const isRow = (value: unknown): value is Row => typeof value === 'object' && value !== null && !Array.isArray(value);
const isId = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value);
const isFiniteNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

const isFour = (value: unknown): value is number[] =>
  Array.isArray(value) && value.length === 4 && value.every(isFiniteNumber);
const isBox = (value: unknown): value is number[] => isFour(value) && value[2] >= 0 && value[3] >= 0;

/** A rule a key: what it must be, in code and in words. */
type Rules = { readonly [key: string]: { readonly holds: (value: unknown) => boolean; readonly text: string } };
const id = { holds: isId, text: 'a whole number' };
const optional = (holds: (value: unknown) => boolean) => (value: unknown) => value === undefined || holds(value);
const flag = { holds: optional((value) => value === 0 || value === 1 || typeof value === 'boolean'), text: '0 or 1' };
const box = { holds: isBox, text: 'four numbers [x, y, width, height], sizes not below 0' };
/** Clipped to the picture, a box that lies wholly outside gets a negative size; Darknet writes such rows. */
const detectedBox = { holds: isFour, text: 'four numbers [x, y, width, height]' };

const imageRules: Rules = { id };
const categoryRules: Rules = { id, name: { holds: optional((value) => typeof value === 'string'), text: 'a name' } };
const annotationRules: Rules = {
  id: { holds: optional(isId), text: 'a whole number' },
  image_id: id,
  category_id: id,
  bbox: box,
  area: { holds: optional((value) => isFiniteNumber(value) && value >= 0), text: 'a number not below 0' },
  iscrowd: flag,
  ignore: flag,
};
const detectionRules: Rules = {
  image_id: id,
  category_id: id,
  bbox: detectedBox,
  score: { holds: isFiniteNumber, text: 'a number' },
};

/** The rows that keep the rules; each broken rule is a fault. */
const checked = <T>(rows: unknown, path: string, rules: Rules, faults: FaultList): readonly T[] => {
  if (!Array.isArray(rows)) {
    faults.key(path || 'document', rows, 'a list');
    return [];
  }
  const entries = Object.entries(rules);
  rows.forEach((row, i) => {
    if (!isRow(row)) {
      faults.key(`${path}[${i}]`, row, `an object with ${Object.keys(rules).join(', ')}`);
      return;
    }
    for (const [key, { holds, text }] of entries) {
      if (!holds(row[key])) faults.key(`${path}[${i}].${key}`, row[key], text);
    }
  });
  return rows as T[];
};

const distinct = (rows: readonly unknown[], path: string, faults: FaultList): void => {
  const seen = new Map<unknown, number>();
  rows.forEach((row, i) => {
    const id = isRow(row) ? row.id : undefined;
    if (id === undefined) return;
    const first = seen.get(id);
    if (first === undefined) seen.set(id, i);
    else faults.key(`${path}[${i}].id`, id, `an id of its own; ${path}[${first}] has it too`);
  });
};

/** `JSON.parse` with the reason as a fault. */
export const parseJson = (text: string, file: string): Either<Faults, unknown> => {
  try {
    return right(JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text));
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    const advice = /NaN|Infinity/.test(reason) ? ' (JSON has no NaN or Infinity; write finite numbers)' : '';
    return left([{ tag: 'unreadable', file, reason: `not JSON: ${reason}${advice}` }]);
  }
};

/** Looks at every row of a parsed instances file. */
export const checkCocoInstances = (value: unknown, file: string): Either<Faults, CocoInstances> => {
  const faults = faultList(file);
  if (!isRow(value)) {
    faults.key('document', value, 'an object with images, annotations, categories');
    return faults.outcome({ images: [], annotations: [], categories: [] });
  }
  const images = checked<CocoImage>(value.images, 'images', imageRules, faults);
  const annotations = checked<CocoAnnotation>(value.annotations, 'annotations', annotationRules, faults);
  const categories = checked<CocoCategory>(value.categories, 'categories', categoryRules, faults);
  distinct(images, 'images', faults);
  distinct(annotations, 'annotations', faults);
  distinct(categories, 'categories', faults);
  return faults.outcome({ images, annotations, categories });
};

/** Looks at every row of a parsed results file. */
export const checkCocoResults = (value: unknown, file: string): Either<Faults, readonly CocoDetection[]> => {
  const faults = faultList(file);
  return faults.outcome(checked<CocoDetection>(value, '', detectionRules, faults));
};

export const parseCocoInstances = (text: string, file: string): Either<Faults, CocoInstances> => {
  const parsed = parseJson(text, file);
  return parsed._tag === 'Left' ? parsed : checkCocoInstances(parsed.right, file);
};

/** A run without any detection makes the original write a lone `]`; it is read as the empty list it stands for. */
const loneBracket = /^\s*\]\s*$/;

export const parseCocoResults = (text: string, file: string): Either<Faults, readonly CocoDetection[]> => {
  if (text.length < 16 && loneBracket.test(text)) return right([]);
  const parsed = parseJson(text, file);
  return parsed._tag === 'Left' ? parsed : checkCocoResults(parsed.right, file);
};

/** One object a line, numbers in full precision; a valid list also when it is empty. */
export const formatCocoResults = (detections: readonly CocoDetection[]): string => {
  const rows = detections.map(({ image_id, category_id, bbox, score }) =>
    JSON.stringify({ image_id, category_id, bbox, score }),
  );
  return rows.length === 0 ? '[]\n' : `[\n${rows.join(',\n')}\n]\n`;
};

export const formatCocoInstances = (instances: CocoInstances): string => `${JSON.stringify(instances)}\n`;
