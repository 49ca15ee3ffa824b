/** What is wrong with a weights file, or worth knowing of it, in words. */
import type { FileFault, FileNotice } from './fault.ts';
import { isWebPage } from './lines.ts';
import type { LayerPlan, NetworkPlan } from './plan.ts';
import type { NetworkWeights } from './weights.ts';
import { isNoVariance, otherClasses, otherNormalisation } from './weights-fit.ts';
import { type Block, type BlockName, blocksToRead } from './weights-layout.ts';

export interface Taken {
  readonly layers: readonly NetworkWeights['layers'][number][];
  /** Floats of the layers taken. */
  readonly used: number;
  /** The first layer that the file does not hold completely. */
  readonly broken: LayerPlan | undefined;
}

export interface Fit extends Taken {
  readonly file: string;
  readonly plan: NetworkPlan;
  /** Bytes of the header, and of the file. */
  readonly start: number;
  readonly length: number;
  readonly impossible: number | undefined;
}

export const restOf = ({ length, start, used }: Fit): number => length - start - 4 * used;

export const place = (file: string, { config, index }: LayerPlan) => ({
  tag: 'weights' as const,
  file,
  layer: index,
  section: config.type,
});

export const badHeader = (file: string, bytes: Uint8Array): FileFault => ({
  tag: 'weights',
  file,
  expected: 'the header of a Darknet weights file (16 or 20 bytes: version, images seen)',
  found: bytes.length < 20 ? `${bytes.length} bytes` : 'an impossible counter of images seen',
  action: 'check that this is a Darknet weights file and complete',
});

const sizeOf = (blocks: readonly Block[]): number => blocks.reduce((sum, { size }) => sum + 4 * size, 0);

/** The likeliest reason, and what to do about it. */
const cause = ({ file, plan, start, length }: Fit): string => {
  const floats = (length - start) / 4;
  const other = otherClasses(plan, floats);
  if (other !== undefined) {
    return `the file has the length of this network with ${other.classes} classes: give its own cfg, or cut it with \`gdarknet partial <its cfg> ${file} <out> ${other.layer}\` and train from that`;
  }
  const layer = otherNormalisation(plan, floats);
  if (layer !== undefined)
    return `the length is that with another batch_normalize in layer ${layer}: correct ${plan.file}`;
  return `the weights are of another cfg (a layer, filters, size, groups or batch_normalize differ) or not complete: give their own cfg, or cut them with \`gdarknet partial <their cfg> ${file} <out> <layers>\``;
};

export const tooShort = (fit: Fit, layer: LayerPlan): FileFault => {
  const { file, plan, length } = fit;
  const taken = fit.start + 4 * fit.used;
  return {
    ...place(file, layer),
    expected: `${sizeOf(blocksToRead(layer))} bytes for this layer, ${taken + sizeOf(plan.layers.slice(layer.index).flatMap(blocksToRead))} in the file`,
    found: `${length - taken} left of ${length}`,
    action: cause(fit),
  };
};

export const tooLong = (fit: Fit): FileFault => ({
  tag: 'weights',
  file: fit.file,
  expected: `${fit.length - restOf(fit)} bytes, as the layers of ${fit.plan.file} take`,
  found: `${fit.length}, ${restOf(fit)} too many`,
  action: cause(fit),
});

export const noVariance = (fit: Fit, index: number): FileFault => ({
  ...place(fit.file, fit.plan.layers[index]),
  key: 'rollingVariance',
  expected: 'values of 0 or more',
  found: String(fit.layers[index]?.rollingVariance?.find(isNoVariance)),
  action: `the weights are of another cfg: this layer or one before it differs (filters, size, groups, batch_normalize); give their own cfg`,
});

export const unfinished = ({ file, plan }: Fit, layer: LayerPlan): FileFault => ({
  ...place(file, layer),
  expected: `the weights of all layers of ${plan.file}`,
  found: `those of layers 0 to ${layer.index - 1}`,
  action: 'give the weights of the whole network; --partial leaves the other layers random',
});

/** What is downloaded or checked out in place of weights. */
export const otherFile = (file: string, bytes: Uint8Array): FileFault | undefined => {
  const text = new TextDecoder('latin1').decode(bytes.subarray(0, 200));
  const fault = (found: string, action: string): FileFault => ({
    tag: 'weights',
    file,
    expected: 'a Darknet weights file',
    found,
    action,
  });
  if (isWebPage(text)) return fault('a web page', 'download the file itself, not the page that shows it');
  return text.startsWith('version https://git-lfs')
    ? fault('a pointer of Git LFS', 'fetch the file with `git lfs pull`')
    : undefined;
};

export const partialNotice = (file: string, plan: NetworkPlan, layer: LayerPlan, rest: number): FileNotice => ({
  ...place(file, layer),
  message:
    `the file ends before this layer: layers ${layer.index} to ${plan.layers.length - 1} of ${plan.file} keep their initial weights` +
    (rest > 0 ? `, and its last ${rest} bytes are not used` : ''),
});

export const wrongSize = (
  file: string,
  layer: LayerPlan,
  name: BlockName,
  size: number,
  found: number | undefined,
): FileFault => ({
  ...place(file, layer),
  key: name,
  expected: `${size} values`,
  found: found === undefined ? 'none' : String(found),
  action: 'write with the network that the weights belong to',
});

/** Blocks with NaN or infinities, which train and detect nothing (SPEC D-16). */
const unsoundBlocks = (plan: NetworkPlan, layers: NetworkWeights['layers']) =>
  plan.layers.flatMap((layer) =>
    Object.entries(layers[layer.index] ?? {}).flatMap(([key, values]: [string, Float32Array]) => {
      const wrong = values.reduce((count, value) => count + Number(!Number.isFinite(value)), 0);
      return wrong > 0 ? [{ layer, key, found: `${wrong} of ${values.length} that are NaN or infinite` }] : [];
    }),
  );

export const unsound = (file: string, plan: NetworkPlan, layers: NetworkWeights['layers']): readonly FileFault[] =>
  unsoundBlocks(plan, layers).map(({ layer, key, found }) => ({
    ...place(file, layer),
    key,
    found,
    expected: 'finite values',
    action: 'give weights from before their training diverged; a command with --allow-unsound takes these',
  }));

export const unsoundNotices = (
  file: string,
  plan: NetworkPlan,
  layers: NetworkWeights['layers'],
): readonly FileNotice[] =>
  unsoundBlocks(plan, layers).map(({ layer, key, found }) => ({
    ...place(file, layer),
    key,
    message: `holds ${found}`,
  }));
