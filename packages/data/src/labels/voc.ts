/**
 * PASCAL VOC annotations (one XML a picture) to labels and back. VOC counts pixels from 1 and includes both corners,
 * so a box covers `xmin - 1 .. xmax`. The original's voc_label.py moves the centre but not the extent (D-24):
 * `corners: 'darknet'` repeats that.
 */
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import * as E from 'fp-ts/lib/Either.js';
import type { DataFault } from '../fault.ts';
import { reasonOf } from '../fault.ts';
import type { Label, Labels } from './label.ts';

export type VocObject = {
  readonly name: string;
  readonly difficult: boolean;
  readonly truncated: boolean;
  /** Pixels counted from 1, both included. */
  readonly xmin: number;
  readonly ymin: number;
  readonly xmax: number;
  readonly ymax: number;
};

export type VocAnnotation = {
  readonly filename: string;
  readonly width: number;
  readonly height: number;
  readonly objects: readonly VocObject[];
};

const parser = new XMLParser({
  parseTagValue: false,
  ignoreAttributes: true,
  processEntities: false,
  isArray: (_name, path) => path === 'annotation.object',
});

type Node = { readonly [key: string]: unknown };
const nodeOf = (value: unknown): Node => (typeof value === 'object' && value !== null ? (value as Node) : {});
/** The five entities that XML itself defines; others are left alone, so that no document can blow up. */
const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const textOf = (value: unknown): string =>
  typeof value === 'string' ? value.trim().replace(/&(amp|lt|gt|quot|apos);/g, (_, name) => entities[name]) : '';
const corners = ['xmin', 'ymin', 'xmax', 'ymax'] as const;

/** All faults of the file together. A zero-area box is kept here and reported by `vocToLabels`. */
export const parseVoc = (text: string, file: string): E.Either<readonly DataFault[], VocAnnotation> => {
  const faults: DataFault[] = [];
  const fault = (key: string, found: string, expected: string, advice = 'correct the annotation'): void => {
    faults.push({ tag: 'key', file, key, found, expected, advice });
  };
  const valid = XMLValidator.validate(text);
  if (valid !== true) {
    const { line, msg } = valid.err;
    return E.left([{ tag: 'line', file, line, found: msg, expected: 'well-formed XML', advice: 'correct the file' }]);
  }
  let root: Node;
  try {
    root = nodeOf(nodeOf(parser.parse(text)).annotation);
  } catch (thrown) {
    return E.left([
      {
        tag: 'key',
        file,
        key: '(document)',
        found: reasonOf(thrown),
        expected: 'a VOC annotation',
        advice: 'correct the file',
      },
    ]);
  }
  const numberAt = (key: string, value: unknown, positive: boolean): number => {
    const number = textOf(value) === '' ? Number.NaN : Number(textOf(value));
    if (!Number.isFinite(number) || (positive && number <= 0)) {
      fault(key, JSON.stringify(value) ?? 'nothing', positive ? 'a number above 0' : 'a number');
    }
    return number;
  };
  const size = nodeOf(root.size);
  const width = numberAt('size.width', size.width, true);
  const height = numberAt('size.height', size.height, true);
  const objects = (Array.isArray(root.object) ? root.object : []).map((value, i): VocObject => {
    const object = nodeOf(value);
    const box = nodeOf(object.bndbox);
    const [xmin, ymin, xmax, ymax] = corners.map((c) => numberAt(`object[${i}].bndbox.${c}`, box[c], false));
    const name = textOf(object.name);
    if (name === '') fault(`object[${i}].name`, 'nothing', 'a class name');
    const flag = (key: string): boolean => textOf(object[key]) === '1';
    return { name, difficult: flag('difficult'), truncated: flag('truncated'), xmin, ymin, xmax, ymax };
  });
  return faults.length > 0 ? E.left(faults) : E.right({ filename: textOf(root.filename), width, height, objects });
};

export type VocOptions = {
  /** `skip` (the default, as voc_label.py) leaves out objects marked difficult. */
  readonly difficult?: 'skip' | 'keep';
  /** `skip` leaves out objects whose class is not among the names; `fault` (the default) reports them. */
  readonly unknown?: 'skip' | 'fault';
  /** `inclusive` (the default) counts both corner pixels in; `darknet` repeats voc_label.py. */
  readonly corners?: 'inclusive' | 'darknet';
};

/** Objects in file order; each box that cannot be used is a fault and left out. */
export const vocToLabels = (
  annotation: VocAnnotation,
  names: readonly string[],
  file: string,
  options: VocOptions = {},
): Labels => {
  const { width, height } = annotation;
  const { difficult = 'skip', unknown = 'fault', corners: convention = 'inclusive' } = options;
  const labels: Label[] = [];
  const faults: DataFault[] = [];
  const clamp = (v: number, limit: number): number => Math.min(Math.max(v, 0), limit);
  annotation.objects.forEach((object, i) => {
    const { xmin, ymin, xmax, ymax } = object;
    const key = `object[${i}]`;
    if (object.difficult && difficult === 'skip') return;
    const classId = names.indexOf(object.name);
    if (classId < 0) {
      if (unknown === 'skip') return;
      faults.push({
        tag: 'key',
        file,
        key: `${key}.name`,
        found: object.name,
        expected: 'a class of the .names file',
        advice: 'add the class or skip unknown ones',
      });
    } else if (xmax <= xmin || ymax <= ymin) {
      const found = `(${xmin}, ${ymin}, ${xmax}, ${ymax})`;
      faults.push({
        tag: 'key',
        file,
        key: `${key}.bndbox`,
        found,
        expected: 'a box with an area',
        advice: 'the box is left out',
      });
    } else if (convention === 'darknet') {
      const x = ((xmin + xmax) / 2 - 1) / width;
      const y = ((ymin + ymax) / 2 - 1) / height;
      labels.push({ classId, x, y, w: (xmax - xmin) / width, h: (ymax - ymin) / height });
    } else {
      const [left, right] = [clamp(xmin - 1, width), clamp(xmax, width)];
      const [top, bottom] = [clamp(ymin - 1, height), clamp(ymax, height)];
      const label = { x: (left + right) / 2 / width, y: (top + bottom) / 2 / height };
      labels.push({ classId, ...label, w: (right - left) / width, h: (bottom - top) / height });
    }
  });
  return { labels, faults };
};

const escapeXml = (text: string): string => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

/**
 * Pixels from 1, both included, that a box from `low` to `high` covers, rounded. Readers take a corner pair in one
 * column for a box without area, so a box takes two pixels at least.
 */
const pixelsOf = (low: number, high: number, size: number): readonly [number, number] => {
  const [first, last] = [Math.round(low) + 1, Math.round(high)];
  if (last > first) return [first, last];
  const start = Math.min(Math.max(1, Math.floor((low + high) / 2)), Math.max(1, size - 1));
  return [start, start + 1];
};

/** The inverse of `vocToLabels`: whole pixels from 1, both corners included. No box is lost, however thin. */
export const labelsToVoc = (
  filename: string,
  width: number,
  height: number,
  labels: readonly Label[],
  names: readonly string[],
): string => {
  const objects = labels.map(({ classId, x, y, w, h }) => {
    const [xmin, xmax] = pixelsOf((x - w / 2) * width, (x + w / 2) * width, width);
    const [ymin, ymax] = pixelsOf((y - h / 2) * height, (y + h / 2) * height, height);
    const box = `<xmin>${xmin}</xmin><ymin>${ymin}</ymin><xmax>${xmax}</xmax><ymax>${ymax}</ymax>`;
    const name = escapeXml(names[classId] ?? String(classId));
    return `  <object><name>${name}</name><truncated>0</truncated><difficult>0</difficult><bndbox>${box}</bndbox></object>\n`;
  });
  const size = `<size><width>${width}</width><height>${height}</height><depth>3</depth></size>`;
  return `<annotation>\n  <filename>${escapeXml(filename)}</filename>\n  ${size}\n${objects.join('')}</annotation>\n`;
};
