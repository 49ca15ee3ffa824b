/**
 * Network description files (`.cfg`, SPEC 1): text to typed sections. Unknown keys are reported, unknown sections refused,
 * and all faults of a file come back together.
 */
import * as E from 'fp-ts/lib/Either.js';
import { type KeysOf, type LayerType, layerKinds, layerNames, layerTypeOf } from '../layers/index.ts';
import { refusedSections } from '../layers/refused.ts';
import { byLine, type FileFault, type FileNotice, type FileResult, nearest, quote } from './fault.ts';
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
  /** Keys to drop wherever they occur, as if they were not written. */
  readonly ignore?: readonly string[];
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
  const lenient = options.lenient ?? false;
  const grammar = parseSections(text, file, { lenient });
  const faults = [...grammar.faults];
  const notices = [...grammar.notices];
  const keep = <A>(reading: SectionReading<A>): SectionReading<A>['value'] => {
    for (const fault of reading.faults) faults.push(fault);
    for (const notice of reading.notices) notices.push(notice);
    return reading.value;
  };

  const [first, ...rest] = grammar.sections.map((section) => dropKeys(section, options.ignore ?? []));
  const opens = first !== undefined && (first.name === 'net' || first.name === 'network');
  if (!opens) faults.push(noNet(file, first));
  const net = opens ? keep(readNet(first, { file, lenient })) : undefined;
  const layerSections = opens || first === undefined ? rest : [first, ...rest];
  const layers = layerSections.map((section, layer) => keep(readLayer(section, { file, layer, lenient })));
  if (layerSections.length === 0 && faults.length === 0) faults.push(noLayers(file));
  return { file, net, layers, faults: byLine(faults), notices: byLine(notices) };
};

const readLayer = (section: Section, context: SectionContext): SectionReading<LayerConfig> => {
  const type = layerTypeOf(section.name);
  if (type === undefined) return { value: undefined, faults: [unknownSection(section, context)], notices: [] };
  const reading: SectionReading<object> = layerKinds[type].read(section, context);
  // The reader is that of this very kind.
  return { ...reading, value: reading.value && ({ type, ...reading.value } as LayerConfig) };
};

const dropKeys = (section: Section, keys: readonly string[]): Section =>
  keys.length === 0 ? section : { ...section, entries: section.entries.filter(({ key }) => !keys.includes(key)) };

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
  const near = nearest(name, layerNames);
  const why = refusedSections.includes(name) ? ' (Darknet has it, but no YOLOv3 network uses it)' : '';
  return {
    tag: 'section',
    file,
    line,
    layer,
    section: name,
    expected: `a layer that is supported: ${Object.keys(layerKinds).join(', ')}`,
    found: `${quote(name)}${why}`,
    action: near === undefined ? 'remove or replace the section' : `did you mean [${near}]?`,
  };
};
