/** COCO's two JSON files: instances (ground truth) and results (detections). https://cocodataset.org/#format-data */
import type { Broken, Rules } from '../check/rows.ts';
import {
  annotationRules,
  boxless,
  categoryRules,
  checkDistinct,
  checkRows,
  detectionRules,
  imageRules,
  isRow,
} from '../check/rows.ts';
import { plainText } from '../check/words.ts';
import type { CocoAnnotation, CocoCategory, CocoDetection, CocoImage, CocoInstances } from '../coco/input.ts';
import type { Either } from './either.ts';
import { left, right } from './either.ts';
import type { FaultList, FormatFault } from './fault.ts';
import { faultList } from './fault.ts';

type Faults = readonly FormatFault[];

/** The rows; each broken rule is a fault. */
const checked = <T>(rows: unknown, path: string, rules: Rules, faults: FaultList): readonly T[] => {
  if (!Array.isArray(rows)) {
    faults.key(path || 'document', rows, 'a list');
    return [];
  }
  const lost = 'bbox' in rules ? boxless(rows) : undefined;
  if (lost !== undefined) faults.text(path || 'document', lost.found, lost.expected);
  else checkRows(rows, rules, telling(path, faults));
  return rows as T[];
};

const telling =
  (path: string, faults: FaultList): Broken =>
  (row, key, found, expected) =>
    faults.key(key === undefined ? `${path}[${row}]` : `${path}[${row}].${key}`, found, expected);

/** `JSON.parse` with the reason as a fault. */
export const parseJson = (text: string, file: string): Either<Faults, unknown> => {
  try {
    return right(JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text));
  } catch (thrown) {
    if (text.charCodeAt(0) === 0x1f) return left([{ tag: 'unreadable', file, reason: 'is gzip; unpack it first' }]);
    const reason = plainText(thrown instanceof Error ? thrown.message : String(thrown));
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
  checkDistinct(images, 'images', telling('images', faults));
  checkDistinct(annotations, 'annotations', telling('annotations', faults));
  checkDistinct(categories, 'categories', telling('categories', faults));
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
