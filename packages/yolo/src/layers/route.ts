/** `[route]` (SPEC 4.4): the channels of earlier layers behind one another. */
import { route as routeLayer } from '@gdarknet/nn';
import * as E from 'fp-ts/lib/Either.js';
import { required, whole, wholes } from '../darknet/field.ts';
import { refused } from '../darknet/key-rule.ts';
import type { NetworkLayer } from './common/build.ts';
import { layerKind } from './common/kind.ts';
import { fail, resolve, showImageShape, unjudged } from './common/shape.ts';

export const route = layerKind({
  keys: {
    /** Layer indices; negative ones count back from this layer. */
    layers: required(wholes([])),
    groups: refused(whole(1), 'it reads one part of the channels'),
    group_id: whole(0),
  },
  complete: (layer) => layer,
  check: ({ group_id }) =>
    group_id === 0
      ? []
      : [
          {
            key: 'group_id',
            expected: '0, as there is one group',
            found: String(group_id),
            action: 'correct group_id',
          },
        ],
  reads: ({ layers }) => ({ key: 'layers', given: layers }),
  readsInput: false,

  shape: ({ layers }, { index, outputs }) => {
    const sources = layers.map((given) => resolve(given, index));
    const known = sources.map((source) => outputs[source]).filter((s) => s !== undefined);
    const [first] = known;
    if (first === undefined || known.length < sources.length) return unjudged;
    return known.every(({ h, w }) => h === first.h && w === first.w)
      ? E.right({ output: { ...first, c: known.reduce((sum, { c }) => sum + c, 0) }, sources, parameters: 0, flops: 0 })
      : fail({
          key: 'layers',
          expected: 'layers of one width and height',
          found: sources.map((source, i) => `layer ${source}: ${showImageShape(known[i])}`).join(', '),
          action: 'correct the indices, the strides before them, or width and height of [net]',
        });
  },

  row: (_, { sources }) => `route ${sources.map((source) => ` ${source}`).join('')}`,

  build: () => routeLayer() as NetworkLayer,

  onnx: (_, { to, sources }) => {
    const names = sources.map(({ name }) => name);
    return names.length === 1 ? names[0] : to.node('Concat', names, { axis: 1 });
  },
});
