/** All kinds of layers; what a cfg may hold, and all that is made of it, follows from this list. */
import { avgpool } from './avgpool.ts';
import type { LayerKind } from './common/kind.ts';
import { connected } from './connected.ts';
import { convolutional } from './convolutional.ts';
import { cost } from './cost.ts';
import { dropout } from './dropout.ts';
import { maxpool } from './maxpool.ts';
import { route } from './route.ts';
import { shortcut } from './shortcut.ts';
import { softmax } from './softmax.ts';
import { upsample } from './upsample.ts';
import { yolo } from './yolo.ts';

// biome-ignore format: a list of words
export const layerKinds = {
  convolutional, shortcut, route, upsample, maxpool, avgpool, connected, dropout, softmax, cost, yolo,
};

export type LayerType = keyof typeof layerKinds;
type ConfigOf<K> = K extends LayerKind<infer Config> ? Config : never;
/** The keys of a section of this kind under their own names, defaults filled in. */
export type KeysOf<T extends LayerType> = Readonly<ConfigOf<(typeof layerKinds)[T]>>;

export const isLayerType = (name: string): name is LayerType => Object.hasOwn(layerKinds, name);

const aliases: ReadonlyMap<string, LayerType> = new Map(
  Object.entries(layerKinds).flatMap(([type, { aliases = [] }]) =>
    aliases.map((alias): [string, LayerType] => [alias, type as LayerType]),
  ),
);

/** All names under which a section of a kind may stand. */
export const layerNames: readonly string[] = [...Object.keys(layerKinds), ...aliases.keys()];

export const layerTypeOf = (name: string): LayerType | undefined =>
  aliases.get(name) ?? (isLayerType(name) ? name : undefined);

/** The kind of a layer, for the config of that layer. */
export const kindOf = <C extends { readonly type: LayerType }>({ type }: C): LayerKind<C> =>
  // The config was read by the kind of this very name.
  layerKinds[type] as unknown as LayerKind<C>;
