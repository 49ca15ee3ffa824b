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

const token =
  /<!--[\s\S]*?-->|<!\[CDATA\[([\s\S]*?)\]\]>|<[?!][^>]*>|<\/\s*([^\s>]+)\s*>|<([^\s/>!?]+)((?:[^>"']|"[^"]*"|'[^']*')*?)(\/?)>|[^<]+|</g;
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

/** The root element, or the first thing that is not XML. */
export const parseXml = (source: string): XmlElement | XmlFault => {
  const document: Open = { name: '', line: 1, children: [], text: '' };
  const open: Open[] = [document];
  let line = 1;
  for (const match of source.matchAll(token)) {
    const [whole, cdata, closing, opening, , empty] = match;
    const inside = open[open.length - 1]!;
    if (opening !== undefined) {
      const element: Open = { name: opening, line, children: [], text: '' };
      inside.children.push(element);
      if (empty === '') open.push(element);
    } else if (closing !== undefined) {
      if (closing !== inside.name || open.length === 1) {
        const expected =
          open.length === 1 ? 'no closing tag here' : `</${inside.name}> for the one of line ${inside.line}`;
        return { line, found: `</${closing}>`, expected };
      }
      open.pop();
      inside.text = inside.text.trim();
    } else if (whole === '<') return { line, found: source.slice(match.index, match.index + 20), expected: 'a tag' };
    else if (cdata !== undefined) inside.text += cdata;
    else if (whole[0] !== '<') inside.text += decoded(whole);
    line += linesIn(whole);
  }
  const last = open[open.length - 1]!;
  if (open.length > 1)
    return { line, found: 'the end of the file', expected: `</${last.name}> for the one of line ${last.line}` };
  const root = document.children[0];
  return root ?? { line: 1, found: 'no element', expected: 'an XML document' };
};

export const isXmlFault = (result: XmlElement | XmlFault): result is XmlFault => 'expected' in result;

export const childOf = (element: XmlElement, name: string): XmlElement | undefined =>
  element.children.find((child) => child.name === name);
