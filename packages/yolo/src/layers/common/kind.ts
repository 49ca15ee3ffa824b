/**
 * A kind of layer: everything that this package knows of one Darknet section. Reading of a cfg, shapes, the printed table,
 * the network, the weights file and the ONNX export are derived from these values; adding a kind is one file in `layers/`
 * and one line in its `index.ts`.
 */
import type { KeyTable, ValuesOf } from '../../darknet/key-rule.ts';
import { type SectionReader, type SectionRule, sectionReader } from '../../darknet/section-rule.ts';
import type { BuildOptions, NetworkLayer } from './build.ts';
import { adviseCommon, commonKeys } from './keys.ts';
import type { OnnxContext } from './onnx.ts';
import type { ImageShape, LayerShape, References, ShapeContext, ShapeResult } from './shape.ts';
import type { WeightsRule } from './weights.ts';

/** Where a layer stands among the others, and its shapes. */
export interface LayerGeometry extends LayerShape {
  readonly index: number;
  /** Shape of the direct input, the output of the layer before. */
  readonly input: ImageShape;
}

interface Parts<Config> {
  /** Other names of the section. */
  readonly aliases?: readonly string[];
  /** Layers that it names, by which key; they must stand before it. */
  readonly reads?: (config: Config) => References;
  /** Whether it reads the layer before it too; default true. */
  readonly readsInput?: boolean;
  /** Called when `reads` names earlier layers only. */
  readonly shape: (config: Config, context: ShapeContext) => ShapeResult;
  /** What Darknet prints behind the layer's index; `outputs` are those of all layers. */
  readonly row: (config: Config, layer: LayerGeometry, outputs: readonly ImageShape[]) => string;
  readonly build: (config: Config, options: BuildOptions) => NetworkLayer;
  /** Absent for kinds that have none. */
  readonly weights?: (config: Config, layer: LayerGeometry) => WeightsRule;
  /** Adds its nodes; gives the name of its output. */
  readonly onnx: (config: Config, context: OnnxContext) => string;
}

export interface LayerKind<Config> extends Parts<Config> {
  /** All that a section of this kind may hold, with what becomes of each. */
  readonly keys: KeyTable;
  readonly read: SectionReader<Config>;
}

/** `keys` are those beside what every layer takes. */
export const layerKind = <T extends KeyTable, Config>({
  keys,
  complete,
  check,
  advise = () => [],
  ...parts
}: {
  readonly keys: T;
  readonly complete: (values: ValuesOf<typeof commonKeys & T>) => Config;
} & Pick<SectionRule<KeyTable, Config>, 'check' | 'advise'> &
  Parts<NoInfer<Config>>): LayerKind<Config> => {
  const all = { ...commonKeys, ...keys };
  const rule: SectionRule<typeof all, Config> = {
    keys: all,
    complete,
    ...(check && { check }),
    // Every config has the common keys.
    advise: (config, given) => [...adviseCommon(config as { stopbackward: number }), ...advise(config, given)],
  };
  return { ...parts, keys: all, read: sectionReader(rule) };
};
