/** The survey as one SVG: boxes of each class, box sizes against the anchors, and what was found. Plain text, no script, no font needed. */
import type { BoxSize } from './anchors.ts';
import type { Survey } from './survey.ts';

const escapeText = (text: string): string => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

type Attributes = Readonly<Record<string, string | number>>;
const number = (value: number): string => String(Number(value.toFixed(2)));
const tag = (name: string, attributes: Attributes, content = ''): string => {
  const list = Object.entries(attributes).map(([key, v]) => ` ${key}="${typeof v === 'number' ? number(v) : v}"`);
  return `<${name}${list.join('')}>${content}</${name}>`;
};
const text = (x: number, y: number, content: string, attributes: Attributes = {}): string =>
  tag('text', { x, y, ...attributes }, escapeText(content));

const colours = { train: '#3366cc', valid: '#dd8833', anchor: '#cc2233', grid: '#dddddd', ink: '#222222' } as const;
const margin = 16;
const titleHeight = 28;
const rowHeight = 18;
const labelWidth = 130;
const barWidth = 260;
const plotSide = 400;
/** More dots only hide each other; every so-many-th is drawn beyond this. */
const mostDots = 4000;

const bars = ({ parts }: Survey): { readonly body: string; readonly height: number } => {
  const { train, valid } = parts;
  const counts = train.classes.map(({ name, boxes }, i) => ({
    name,
    train: boxes,
    valid: valid?.classes[i].boxes ?? 0,
  }));
  const most = counts.reduce((best, c) => Math.max(best, c.train, c.valid), 1);
  const rows = counts.map((c, i) => {
    const y = titleHeight + i * rowHeight;
    const bar = (count: number, top: number, height: number, fill: string): string =>
      tag('rect', { x: labelWidth, y: top, width: (count / most) * barWidth, height, fill });
    return [
      text(labelWidth - 6, y + 12, c.name, { 'text-anchor': 'end' }),
      bar(c.train, y + 2, 7, colours.train),
      bar(c.valid, y + 9, 5, colours.valid),
      text(labelWidth + (Math.max(c.train, c.valid) / most) * barWidth + 5, y + 12, `${c.train} | ${c.valid}`),
    ].join('');
  });
  const title = text(0, 14, 'boxes of each class: training | validation', { 'font-weight': 'bold' });
  return { body: title + rows.join(''), height: titleHeight + counts.length * rowHeight };
};

const thin = (sizes: readonly BoxSize[]): readonly BoxSize[] => {
  const step = Math.ceil(sizes.length / mostDots);
  return sizes.filter((_, i) => i % step === 0);
};

const scatter = ({ sizes, anchors }: Survey): string => {
  const limit = sizes.reduce((most, [w, h]) => Math.max(most, w, h), 1);
  const at = ([w, h]: BoxSize): readonly [number, number] => [
    (w / limit) * plotSide,
    titleHeight + plotSide - (h / limit) * plotSide,
  ];
  const lines = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const [x, y] = at([share * limit, share * limit]);
    const line = { stroke: colours.grid };
    return [
      tag('line', { x1: x, y1: titleHeight, x2: x, y2: titleHeight + plotSide, ...line }),
      tag('line', { x1: 0, y1: y, x2: plotSide, y2: y, ...line }),
      text(x, titleHeight + plotSide + 14, number(share * limit), { 'text-anchor': 'middle' }),
      text(-6, y + 4, number(share * limit), { 'text-anchor': 'end' }),
    ].join('');
  });
  const dots = thin(sizes).map((size) => {
    const [cx, cy] = at(size);
    return tag('circle', { cx, cy, r: 1.5 });
  });
  const crosses = (anchors?.anchors ?? []).map((anchor) => {
    const [x, y] = at(anchor);
    return tag('path', { d: `M${number(x - 6)} ${number(y)}h12M${number(x)} ${number(y - 6)}v12` });
  });
  const fit = anchors ? `, anchors as crosses: average IoU ${anchors.averageIou.toFixed(4)}` : '';
  return [
    text(0, 14, `box widths and heights at the network's input${fit}`, { 'font-weight': 'bold' }),
    ...lines,
    tag('g', { fill: colours.train, 'fill-opacity': 0.35 }, dots.join('')),
    tag('g', { stroke: colours.anchor, 'stroke-width': 2, fill: 'none' }, crosses.join('')),
  ].join('');
};

/** What was found, in words: the first few of each kind. */
const mostNotes = 8;
const notes = ({ faults, duplicates, leaks, alike = [] }: Survey): readonly string[] => {
  const nameOf = (path: string): string => path.replace(/^.*[\\/]/, '');
  const join = (paths: readonly string[], by: string): string => paths.map(nameOf).join(by);
  const found: readonly (readonly [string, readonly string[]])[] = [
    ['files, lines or boxes that cannot be used', faults.map(({ file }) => nameOf(file))],
    ['groups of images that are the same file', duplicates.map((paths) => join(paths, ' = '))],
    ['images in both parts', leaks.map(({ train, valid }) => `${join(train, ' = ')} | ${join(valid, ' = ')}`)],
    [
      'groups of images that look alike',
      alike.map(({ train, valid, distance }) => `${join(train, ' ~ ')} | ${join(valid, ' ~ ')} (${distance} bits)`),
    ],
  ];
  return found.flatMap(([what, list]) => {
    const more = list.length > mostNotes ? [`... and ${list.length - mostNotes} more`] : [];
    return [`${list.length} ${what}`, ...[...list.slice(0, mostNotes), ...more].map((line) => `    ${line}`)];
  });
};

export const surveyChart = (survey: Survey): string => {
  const { body, height } = bars(survey);
  const left = labelWidth + barWidth + 110;
  const width = margin + left + 40 + plotSide + 2 * margin;
  const charts = Math.max(height, titleHeight + plotSide + 20) + 2 * margin;
  const lines = notes(survey);
  const total = charts + lines.length * rowHeight + margin;
  const place = (x: number, content: string, y = margin): string =>
    tag('g', { transform: `translate(${x} ${y})` }, content);
  const words = lines.map((line, i) => text(line.startsWith(' ') ? margin : 0, (i + 1) * rowHeight, line.trim()));
  return `${tag(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      width,
      height: total,
      viewBox: `0 0 ${number(width)} ${number(total)}`,
      'font-family': 'sans-serif',
      'font-size': 11,
      fill: colours.ink,
    },
    tag('rect', { width: '100%', height: '100%', fill: '#ffffff' }) +
      place(margin, body) +
      place(margin + left + 40, scatter(survey)) +
      place(margin, words.join(''), charts - margin),
  )}\n`;
};
