/**
 * The part of XML that annotation files use: elements and text. Attributes, comments, declarations and DTDs are passed
 * over; the five named entities and character references are read. A loop, not recursion: depth costs no stack.
 */
export interface XmlElement {
  readonly name: string;
  /** Character data of the element itself, trimmed. */
  readonly text: string;
  readonly children: readonly XmlElement[];
  /** From 1. */
  readonly line: number;
}

export interface XmlFault {
  readonly line: number;
  readonly found: string;
  readonly expected: string;
}

interface Open {
  readonly name: string;
  readonly line: number;
  readonly children: XmlElement[];
  text: string;
}

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

const reference = (whole: string, name: string): string => {
  if (name[0] !== '#') return entities[name] ?? whole;
  const code = name[1] === 'x' ? Number.parseInt(name.slice(2), 16) : Number.parseInt(name.slice(1), 10);
  return code >= 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
};
const decoded = (text: string): string => text.replace(/&([^;&\s]{1,10});/g, reference);

const linesIn = (text: string): number => {
  let lines = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++;
  return lines;
};

type Token =
  | { readonly kind: 'text' | 'data'; readonly to: number; readonly text: string }
  | { readonly kind: 'open'; readonly to: number; readonly name: string; readonly empty: boolean }
  | { readonly kind: 'close'; readonly to: number; readonly name: string }
  | { readonly kind: 'other'; readonly to: number };

const nameAt = /[^\s/>!?]+/y;
const closingName = /^\s*([^\s>]+)\s*$/;

/** The place of the `>` that ends a tag: those in quotes do not; -1 where there is none. */
const tagEnd = (source: string, from: number): number => {
  for (let at = from; at < source.length; at++) {
    const c = source[at];
    if (c === '>') return at;
    if (c === '"' || c === "'") {
      at = source.indexOf(c, at + 1);
      if (at < 0) return -1;
    }
  }
  return -1;
};

/** Every place of the text is looked at once or twice, whatever the text is: what has no end is looked for once. */
const tokenizer = (source: string) => {
  const missing = new Set<string>();
  const find = (end: string, from: number): number => {
    const at = missing.has(end) ? -1 : source.indexOf(end, from);
    if (at < 0) missing.add(end);
    return at;
  };
  /** The token at a `<`, or undefined where that begins none. */
  const markup = (at: number): Token | undefined => {
    const comment = source.startsWith('<!--', at) ? find('-->', at + 4) : -1;
    if (comment >= 0) return { kind: 'other', to: comment + 3 };
    const data = source.startsWith('<![CDATA[', at) ? find(']]>', at + 9) : -1;
    if (data >= 0) return { kind: 'data', to: data + 3, text: source.slice(at + 9, data) };
    const next = source[at + 1];
    if (next === '!' || next === '?' || next === '/') {
      const end = find('>', at + 2);
      if (end < 0) return undefined;
      if (next !== '/') return { kind: 'other', to: end + 1 };
      const name = closingName.exec(source.slice(at + 2, end))?.[1];
      return name === undefined ? undefined : { kind: 'close', to: end + 1, name };
    }
    nameAt.lastIndex = at + 1;
    const name = nameAt.exec(source)?.[0];
    const end = name === undefined ? -1 : tagEnd(source, at + 1 + name.length);
    if (name === undefined || end < 0) return undefined;
    return { kind: 'open', to: end + 1, name, empty: source[end - 1] === '/' };
  };
  return (at: number): Token | undefined => {
    if (source[at] === '<') return markup(at);
    const next = source.indexOf('<', at);
    const to = next < 0 ? source.length : next;
    return { kind: 'text', to, text: source.slice(at, to) };
  };
};

/** The root element, or the first thing that is not XML. Time is linear in the text. */
export const parseXml = (source: string): XmlElement | XmlFault => {
  const document: Open = { name: '', line: 1, children: [], text: '' };
  const open: Open[] = [document];
  const tokenAt = tokenizer(source);
  let line = 1;
  for (let at = 0; at < source.length; ) {
    const token = tokenAt(at);
    if (token === undefined) return { line, found: source.slice(at, at + 20), expected: 'a tag' };
    const inside = open[open.length - 1];
    if (token.kind === 'open') {
      const element: Open = { name: token.name, line, children: [], text: '' };
      inside.children.push(element);
      if (!token.empty) open.push(element);
    } else if (token.kind === 'close') {
      if (token.name !== inside.name || open.length === 1) {
        const expected =
          open.length === 1 ? 'no closing tag here' : `</${inside.name}> for the one of line ${inside.line}`;
        return { line, found: `</${token.name}>`, expected };
      }
      open.pop();
      inside.text = inside.text.trim();
    } else if (token.kind === 'data') inside.text += token.text;
    else if (token.kind === 'text') inside.text += decoded(token.text);
    line += linesIn(source.slice(at, token.to));
    at = token.to;
  }
  const last = open[open.length - 1];
  if (open.length > 1)
    return { line, found: 'the end of the file', expected: `</${last.name}> for the one of line ${last.line}` };
  const root = document.children[0];
  return root ?? { line: 1, found: 'no element', expected: 'an XML document' };
};

export const isXmlFault = (result: XmlElement | XmlFault): result is XmlFault => 'expected' in result;

export const childOf = (element: XmlElement, name: string): XmlElement | undefined =>
  element.children.find((child) => child.name === name);
