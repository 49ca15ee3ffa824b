/** SVG as text: elements are built by one function that escapes, so that a title may hold anything. */

export type Attributes = Readonly<Record<string, string | number | undefined>>;

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

export const escaped = (text: string): string => text.replace(/[&<>"]/g, (c) => escapes[c]);

/** Two decimals are a hundredth of a pixel. */
const shown = (value: string | number): string =>
  typeof value === 'number' ? String(Number(value.toFixed(2))) : escaped(value);

/** Children are SVG already; text goes through `text`. */
export const element = (name: string, attributes: Attributes, ...children: readonly string[]): string => {
  const pairs = Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [` ${key}="${shown(value)}"`],
  );
  const head = `<${name}${pairs.join('')}`;
  return children.length === 0 ? `${head}/>` : `${head}>${children.join('')}</${name}>`;
};

export const text = (content: string, attributes: Attributes): string => element('text', attributes, escaped(content));

export const group = (attributes: Attributes, children: readonly string[]): string =>
  `${element('g', attributes, '\n', ...children.map((child) => `${child}\n`))}`;

/** The outer element: a white sheet in the reader's sans-serif. */
export const document = (width: number, height: number, title: string, children: readonly string[]): string =>
  element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      role: 'img',
      'font-family': 'system-ui, sans-serif',
      'font-size': 12,
    },
    '\n',
    element('title', {}, escaped(title)),
    '\n',
    element('rect', { width, height, fill: '#ffffff' }),
    '\n',
    ...children.map((child) => `${child}\n`),
  );

/** Okabe and Ito's palette, told apart by colour-blind readers; ink first. */
export const palette = [
  '#0072b2',
  '#d55e00',
  '#009e73',
  '#cc79a7',
  '#e69f00',
  '#56b4e9',
  '#000000',
  '#8c8c00',
] as const;
