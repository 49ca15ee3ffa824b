/**
 * Network description files (`.cfg`, SPEC 1): text to typed sections. Unknown keys are reported, unknown sections refused,
 * and all faults of a file come back together.
 */
import * as E from 'fp-ts/lib/Either.js';
import { type KeysOf, type LayerType, layerKinds, layerNames, layerTypeOf } from '../layers/index.ts';
import { refusedSections } from '../layers/refused.ts';
import { byLine, byWeight, type FileFault, type FileNotice, type FileResult, nearest, quote } from './fault.ts';
import { type Entry, notText } from './lines.ts';
import { readNet } from './net-section.ts';
import type { SectionContext, SectionPlace, SectionReader, SectionReading } from './section-rule.ts';
import { parseSections, type Section } from './sections.ts';

type ValueOf<R> = R extends SectionReader<infer A> ? A : never;
type Place = { readonly at: SectionPlace };

/** Keys of `[net]` under their own names, defaults filled in. */
export type NetConfig = Readonly<ValueOf<typeof readNet>> & Place;
/** Keys of a layer section under their own names, defaults filled in, tagged by the kind of layer. */
export type LayerConfig<T extends LayerType = LayerType> = {
  [K in T]: { readonly type: K } & KeysOf<K> & Place;
}[T];

export interface NetworkConfig {
  readonly file: string;
  readonly net: NetConfig;
  readonly layers: readonly LayerConfig[];
}

export interface ConfigOptions {
  /** Name for messages. */
  readonly file?: string;
  /** Read bad values as C's `atoi` and `atof` would, with a notice, as the original does; else they are faults. */
  readonly lenient?: boolean;
  /** Keys to drop wherever they occur, as if they were not written, with a notice. */
  readonly ignore?: readonly string[];
  /** Refuse keys that change training only and are not implemented, in place of a notice. */
  readonly strict?: boolean;
}

/** A file as far as it could be read: a layer that could not be is `undefined`, so that layer indices still hold. */
export interface DraftConfig {
  readonly file: string;
  readonly net: NetConfig | undefined;
  readonly layers: readonly (LayerConfig | undefined)[];
  readonly faults: readonly FileFault[];
  readonly notices: readonly FileNotice[];
}

export const parseConfig = (text: string, options: ConfigOptions = {}): FileResult<NetworkConfig> => {
  const { file, net, layers, faults, notices } = draftConfig(text, options);
  const whole = layers.filter((layer) => layer !== undefined);
  return faults.length > 0 || net === undefined
    ? E.left(faults)
    : E.right({ value: { file, net, layers: whole }, notices });
};

export const draftConfig = (text: string, options: ConfigOptions = {}): DraftConfig => {
  const file = options.file ?? 'cfg';
  const { lenient = false, strict = false, ignore = [] } = options;
  const foreign = notText(text, file);
  if (foreign !== undefined) return { file, net: undefined, layers: [], faults: [foreign], notices: [] };
  const grammar = parseSections(text, file, { lenient });
  const faults = [...grammar.faults];
  const notices = [...grammar.notices];
  const keep = <A>(reading: SectionReading<A>): SectionReading<A>['value'] => {
    for (const fault of reading.faults) faults.push(fault);
    for (const notice of reading.notices) notices.push(notice);
    return reading.value;
  };

  const dropped = (section: Section, layer?: number): Section => {
    for (const entry of section.entries) {
      if (ignore.includes(entry.key)) notices.push(droppedKey(file, section, entry, layer));
    }
    return ignore.length === 0
      ? section
      : { ...section, entries: section.entries.filter(({ key }) => !ignore.includes(key)) };
  };

  const [first, ...rest] = grammar.sections;
  const opens = first !== undefined && (first.name === 'net' || first.name === 'network');
  const unopened = grammar.faults.some(({ tag, key }) => tag === 'syntax' && key !== undefined);
  if (!opens && !unopened) faults.push(noNet(file, first));
  const net = opens ? keep(readNet(dropped(first), { file, lenient, strict })) : undefined;
  const layerSections = opens || first === undefined ? rest : [first, ...rest];
  const layers = layerSections.map((section, layer) =>
    keep(readLayer(dropped(section, layer), { file, layer, lenient, strict })),
  );
  if (layerSections.length === 0 && faults.length === 0) faults.push(noLayers(file));
  return { file, net, layers, faults: byLine(faults), notices: byWeight(notices) };
};

const readLayer = (section: Section, context: SectionContext): SectionReading<LayerConfig> => {
  const type = layerTypeOf(section.name);
  if (type === undefined) return { value: undefined, faults: [unknownSection(section, context)], notices: [] };
  const reading: SectionReading<object> = layerKinds[type].read(section, context);
  // The reader is that of this very kind.
  return { ...reading, value: reading.value && ({ type, ...reading.value } as LayerConfig) };
};

const droppedKey = (file: string, { name }: Section, { key, line }: Entry, layer: number | undefined): FileNotice => ({
  tag: 'ignored-key',
  file,
  line,
  layer,
  section: name,
  key,
  message: 'is left out because the command asked for it',
});

const noNet = (file: string, first: Section | undefined): FileFault => ({
  tag: 'section',
  file,
  line: first?.line,
  expected: '[net] as the first section',
  found: first === undefined ? 'no section' : `[${first.name}]`,
  action: 'begin the file with [net] and its width, height and channels',
});

const noLayers = (file: string): FileFault => ({
  tag: 'section',
  file,
  expected: 'at least one layer section',
  found: 'only [net]',
  action: 'add layers',
});

const unknownSection = ({ name, line }: Section, { file, layer }: SectionContext): FileFault => {
  const place = { tag: 'section', file, line, layer, section: name } as const;
  if (Object.hasOwn(refusedSections, name)) {
    const found = `${quote(name)} (${refusedSections[name]})`;
    return { ...place, expected: 'a layer that is implemented', found, action: 'take a network without it' };
  }
  const known = [...layerNames, ...Object.keys(refusedSections)];
  const near = known.find((other) => other.toLowerCase() === name.toLowerCase()) ?? nearest(name, known);
  const expected = `a layer that is implemented: ${Object.keys(layerKinds).join(', ')}`;
  const action = near === undefined ? 'remove or replace the section' : `did you mean [${near}]?`;
  return { ...place, expected, found: quote(name), action };
};
