/**
 * The one place where rows are looked at: of files and of lists in memory, for boxes, masks and keypoints, COCO and VOC.
 * A row keeps its rules, or it is named with what was found and what was expected.
 */

/** What a key of a row must be, in code and in words. */
export interface Rule {
  readonly holds: (value: never) => boolean;
  readonly text: string;
  /** More than `text` where it is known what was brought instead. */
  readonly advice?: (value: unknown) => string | undefined;
}
export type Rules = Readonly<Record<string, Rule>>;
export type Row = Readonly<Record<string, unknown>>;

/** Told of every broken rule: the row's place, its key (none: the row itself), what was found and expected. */
export type Broken = (row: number, key: string | undefined, found: unknown, expected: string) => void;

export const isRow = (value: unknown): value is Row =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
export const isWhole = (value: unknown): value is number => Number.isSafeInteger(value);
export const isFiniteNumber = (value: unknown): value is number => Number.isFinite(value);

/** Images have numbers, or names as the exports of Cityscapes, BDD and CVAT give them. */
const isImageId = (value: unknown): boolean => isWhole(value) || (typeof value === 'string' && value !== '');

/** Four finite numbers, in a list or a typed array. */
export const isFour = (value: ArrayLike<unknown> | undefined | null): boolean =>
  typeof value === 'object' &&
  value !== null &&
  value.length === 4 &&
  Number.isFinite(value[0]) &&
  Number.isFinite(value[1]) &&
  Number.isFinite(value[2]) &&
  Number.isFinite(value[3]);
/** x, y, width, height and an angle, or four corners: boxes that are turned. */
const orientedAdvice = (value: unknown): string | undefined => {
  const length = Array.isArray(value) || ArrayBuffer.isView(value) ? (value as ArrayLike<unknown>).length : 0;
  if (length !== 5 && length !== 8) return undefined;
  const what = length === 5 ? 'an angle' : 'four corners';
  return `four numbers [x, y, width, height]: a box with ${what} is oriented, and oriented boxes are not supported; bring the upright box around it, or its polygon as a mask (@gdarknet/metrics/segm)`;
};
const isBox = (value: ArrayLike<number>): boolean => isFour(value) && value[2] >= 0 && value[3] >= 0;
export const isCornerBox = (value: ArrayLike<number>): boolean =>
  isFour(value) && value[2] >= value[0] && value[3] >= value[1];

const optional = (holds: (value: unknown) => boolean) => (value: unknown) => value === undefined || holds(value);
export const isFlag = (value: unknown): boolean =>
  value === undefined || value === 0 || value === 1 || value === false || value === true;

const imageId = { holds: isImageId, text: "a whole number or an image's name" };
const whole = { holds: isWhole, text: 'a whole number' };
const flag = { holds: isFlag, text: '0 or 1' };
const size = { holds: optional((value) => isFiniteNumber(value) && value >= 0), text: 'a number not below 0' };

export const imageRules: Rules = { id: imageId };
export const categoryRules: Rules = /* @__PURE__ */ (() => ({
  id: whole,
  name: { holds: optional((value) => typeof value === 'string'), text: 'a name' },
}))();
export const annotationRules: Rules = /* @__PURE__ */ (() => ({
  id: { holds: optional(isWhole), text: 'a whole number' },
  image_id: imageId,
  category_id: whole,
  bbox: { holds: isBox, text: 'four numbers [x, y, width, height], sizes not below 0', advice: orientedAdvice },
  area: size,
  iscrowd: flag,
  ignore: flag,
}))();
export const detectionRules: Rules = /* @__PURE__ */ (() => ({
  image_id: imageId,
  category_id: whole,
  // Clipped to the picture, a box that lies wholly outside gets a negative size; Darknet writes such rows.
  bbox: { holds: isFour, text: 'four numbers [x, y, width, height]', advice: orientedAdvice },
  score: { holds: isFiniteNumber, text: 'a number' },
}))();

/** The same rules without one of them. */
export const without = (rules: Rules, key: string): Rules =>
  Object.fromEntries(Object.entries(rules).filter(([name]) => name !== key));

/** Calls `broken` for each rule that a row does not keep. */
export const checkRows = (rows: readonly unknown[], rules: Rules, broken: Broken): void => {
  const keys = Object.keys(rules);
  const held = keys.map((key) => rules[key].holds as (value: unknown) => boolean);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i];
    if (!isRow(row)) {
      broken(i, undefined, row, `an object with ${keys.join(', ')}`);
      continue;
    }
    for (let k = 0; k < keys.length; k++) {
      const value = row[keys[k]];
      if (held[k](value)) continue;
      const { text, advice } = rules[keys[k]];
      broken(i, keys[k], value, advice?.(value) ?? text);
    }
  }
};

/** Calls `broken` for each id that an earlier row has. */
export const checkDistinct = (rows: readonly unknown[], path: string, broken: Broken): void => {
  const seen = new Map<unknown, number>();
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i];
    const id = isRow(row) ? row.id : undefined;
    if (id === undefined) continue;
    const first = seen.get(id);
    if (first === undefined) seen.set(id, i);
    else broken(i, 'id', id, `an id of its own; ${path}[${first}] has it too`);
  }
};

/** Keys under which turned boxes come: hotcoco's, MMRotate's, Ultralytics'. */
const orientedKeys = ['obb', 'rbox', 'rbbox', 'xyxyxyxy', 'xywhr'] as const;

/** What results with masks, keypoints or turned boxes and without upright ones are told, once. */
export const boxless = (
  rows: readonly unknown[],
): { readonly found: string; readonly expected: string } | undefined => {
  let masks = 0;
  let points = 0;
  let oriented = 0;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i];
    if (!isRow(row) || row.bbox !== undefined) continue;
    if (row.segmentation !== undefined) masks++;
    else if (row.keypoints !== undefined) points++;
    else if (orientedKeys.some((key) => row[key] !== undefined)) oriented++;
  }
  if (oriented > masks + points) {
    return {
      found: `${oriented} rows with oriented boxes and without upright ones`,
      expected: 'bbox [x, y, width, height] in each row: oriented boxes are not supported',
    };
  }
  if (masks + points === 0) return undefined;
  const [what, type] = masks > 0 ? ['masks', 'segm'] : ['keypoints', 'keypoints'];
  return {
    found: `${Math.max(masks, points)} rows with ${what} and without boxes`,
    expected: `bbox [x, y, width, height] in each row; to score the ${what} evaluate by ${type} (--iou-type ${type}, @gdarknet/metrics/${type})`,
  };
};
