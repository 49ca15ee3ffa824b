/** The files of PASCAL VOC: annotations in XML, lists of images, and detections by class (`comp4_det_<set>_<class>.txt`). */
import { isCornerBox } from '../check/rows.ts';
import { cornerText } from '../voc/check.ts';
import type { VocAnnotation, VocDetection, VocObject } from '../voc/input.ts';
import type { Either } from './either.ts';
import type { FaultList, FormatFault } from './fault.ts';
import { faultList } from './fault.ts';
import type { XmlElement } from './xml.ts';
import { childOf, isXmlFault, parseXml } from './xml.ts';

type Faults = readonly FormatFault[];

const corners = ['xmin', 'ymin', 'xmax', 'ymax'] as const;

const objectOf = (element: XmlElement, faults: FaultList): VocObject | undefined => {
  const name = childOf(element, 'name');
  const bounds = childOf(element, 'bndbox');
  if (name === undefined || name.text === '')
    faults.line(element.line, '<object> without a name', '<name>class</name>');
  if (bounds === undefined) {
    faults.line(element.line, '<object> without a box', `<bndbox> with ${corners.join(', ')}`);
    return undefined;
  }
  const flag = childOf(element, 'difficult');
  if (flag !== undefined && !['', '0', '1'].includes(flag.text)) {
    faults.line(flag.line, flag.text, '0 or 1 in <difficult>');
  }
  const box = corners.map((corner) => {
    const value = childOf(bounds, corner);
    const number = value === undefined || value.text === '' ? Number.NaN : Number(value.text);
    if (!Number.isFinite(number)) faults.line(value?.line ?? bounds.line, value?.text, `a number in <${corner}>`);
    return number;
  });
  if (box.every(Number.isFinite) && !isCornerBox(box)) faults.line(bounds.line, `[${box}]`, cornerText);
  return { name: name?.text ?? '', difficult: flag?.text === '1', box };
};

/** One annotation file. Parts of objects (person layout) are not objects. */
export const parseVocAnnotation = (text: string, file: string, image: string): Either<Faults, VocAnnotation> => {
  const faults = faultList(file);
  const root = parseXml(text);
  if (isXmlFault(root)) {
    faults.line(root.line, root.found, root.expected);
    return faults.outcome({ image, objects: [] });
  }
  if (root.name !== 'annotation') faults.line(root.line, `<${root.name}>`, '<annotation>');
  const objects = root.children
    .filter((child) => child.name === 'object')
    .map((child) => objectOf(child, faults))
    .filter((object) => object !== undefined);
  return faults.outcome({ image, objects });
};

const escaped = (text: string): string =>
  text.replace(/[&<>]/g, (c) => (c === '&' ? '&amp;' : c === '<' ? '&lt;' : '&gt;'));

export const formatVocAnnotation = ({ image, objects }: VocAnnotation): string => {
  const rows = objects.map(({ name, difficult, box }) => {
    const sides = corners.map((corner, c) => `<${corner}>${box[c]}</${corner}>`).join('');
    const flag = difficult ? 1 : 0;
    return `  <object><name>${escaped(name)}</name><difficult>${flag}</difficult><bndbox>${sides}</bndbox></object>\n`;
  });
  return `<annotation>\n  <filename>${escaped(image)}.jpg</filename>\n${rows.join('')}</annotation>\n`;
};

/** The names in a list of images (`ImageSets/Main/<set>.txt`), each once; what follows a name on its line is passed over. */
export const parseImageSet = (text: string): readonly string[] => [
  ...new Set(
    text
      .split('\n')
      .map((line) => line.trim().split(/\s+/)[0] ?? '')
      .filter((name) => name !== ''),
  ),
];

/** Lines of `image score xmin ymin xmax ymax`. */
export const parseVocDetections = (
  text: string,
  file: string,
  name: string,
): Either<Faults, readonly VocDetection[]> => {
  const faults = faultList(file);
  const detections: VocDetection[] = [];
  text.split('\n').forEach((line, i) => {
    const words = line.trim().split(/\s+/);
    if (words.length === 1 && words[0] === '') return;
    const [image, ...figures] = words;
    const numbers = figures.map(Number);
    if (numbers.length !== 5 || !numbers.every(Number.isFinite)) {
      faults.line(i + 1, line.trim(), 'image score xmin ymin xmax ymax');
      return;
    }
    detections.push({ image: image, name, score: numbers[0], box: numbers.slice(1) });
  });
  return faults.outcome(detections);
};

/** The lines of one class, six decimals as the original writes them. */
export const formatVocDetections = (detections: readonly VocDetection[]): string =>
  detections
    .map(({ image, score, box }) => `${[image, ...[score, ...box].map((value) => value.toFixed(6))].join(' ')}\n`)
    .join('');
