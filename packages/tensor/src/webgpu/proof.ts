/** Matrix units are new, and their drivers too: they are used after they have computed what the plain kernel computes. */
import { guarded } from './buffers.ts';
import { type Loader, type Product, product, type Tile, tileName, tilesFor } from './gemm.ts';
import type { Written } from './kernel.ts';
import type { Pipelines } from './pipelines.ts';
import { onUnits, type Units, unitTilesFor } from './units.ts';
import { functionsFor, u } from './wgsl.ts';

/** Sizes that no tile divides; sums of small whole numbers, which every order and precision gives exactly. */
const [rows, columns, depth, segments] = [300, 150, 45, 2];
const count = segments * depth;

const bindings = `@group(0) @binding(0) var<storage, read_write> c: array<f32>;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
`;

/** Neighbours lie along the depth in one operand, and along the lines in the other; and the other way round. */
const productOf = (along: Loader['along'], other: Loader['along']): Product => {
  const side = (name: string, lines: number, way: Loader['along']): Loader => ({
    along: way,
    prepare: (i, s) =>
      way === 'depth'
        ? `let at${s} = ${i} * ${u(count)} + s * ${u(depth)};`
        : `let at${s} = s * ${u(depth * lines)} + ${i};`,
    load: (k, s) => `${name}[at${s} + (${k})${way === 'depth' ? '' : ` * ${u(lines)}`}]`,
  });
  return {
    rows,
    columns,
    segments,
    depth,
    count: 1,
    a: side('a', rows, along),
    b: side('b', columns, other),
    store: (row, column, value) => `c[${row} * ${u(columns)} + ${column}] = ${value};`,
  };
};
const products = [productOf('depth', 'line'), productOf('line', 'depth')];

const whole = (length: number, step: number): Float32Array<ArrayBuffer> =>
  Float32Array.from({ length }, (_, i) => ((i * step) % 17) - 8);

/** Why the units are not to be used; undefined where every tile gives what registers give, to the bit. */
export const disagreement = async (gpu: GPUDevice, pipelines: Pipelines, units: Units): Promise<string | undefined> => {
  const usage = GPUBufferUsage;
  const made: GPUBuffer[] = [];
  const buffer = (size: number, flags: GPUBufferUsageFlags): GPUBuffer => {
    const one = gpu.createBuffer({ size, usage: flags });
    made.push(one);
    return one;
  };
  const factors = [whole(rows * count, 5), whole(columns * count, 7)].map((data) => {
    const factor = buffer(data.byteLength, usage.STORAGE | usage.COPY_DST);
    gpu.queue.writeBuffer(factor, 0, data);
    return factor;
  });
  const bytes = 4 * rows * columns;

  const compute = async (name: string, { code, groups, directives = '' }: Written): Promise<Float32Array> => {
    const pipeline = await pipelines.get(`${directives}${bindings}${functionsFor(code)}\n${code}`, name);
    const result = buffer(bytes, usage.STORAGE | usage.COPY_SRC);
    const copy = buffer(bytes, usage.MAP_READ | usage.COPY_DST);
    const encoder = gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    const entries = [result, ...factors].map((each, binding) => ({ binding, resource: { buffer: each } }));
    pass.setBindGroup(0, gpu.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
    pass.dispatchWorkgroups(...groups);
    pass.end();
    encoder.copyBufferToBuffer(result, 0, copy, 0, bytes);
    gpu.queue.submit([encoder.finish()]);
    await copy.mapAsync(GPUMapMode.READ);
    const values = new Float32Array(copy.getMappedRange().slice(0));
    copy.unmap();
    return values;
  };

  try {
    return await guarded(gpu, async () => {
      const [plain] = tilesFor(products[0], false);
      const expected = await Promise.all(products.map((p) => compute('a plain product', product(p, plain))));
      const prove = async (tile: Tile, i: number): Promise<void> => {
        const way = i % products.length;
        const values = await compute('a product on matrix units', onUnits(products[way], tile, units));
        const wrong = values.findIndex((value, at) => value !== expected[way][at]);
        if (wrong >= 0) throw new Error(`${tileName(tile)} gives ${values[wrong]} for ${expected[way][wrong]}`);
      };
      // To the end of all, so that no fault comes later.
      for (const proof of await Promise.allSettled(unitTilesFor(products[0], units).map(prove)))
        if (proof.status === 'rejected') throw proof.reason;
      return undefined;
    });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    for (const each of made) each.destroy();
  }
};
