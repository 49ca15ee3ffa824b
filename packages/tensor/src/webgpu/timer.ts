/** How long kernels run, by the device's own clock (the feature `timestamp-query`). */

/** A group of dispatches to be timed as one. */
export type Timed = (pass: GPUComputePassEncoder) => void;

/** When a group began and how long it took, in milliseconds; the device's clock begins anywhere. */
export type Span = { readonly start: number; readonly duration: number };

/** Most queries of a set (WebGPU, limit of `createQuerySet`), two for a group. */
const most = 4096;

/** Records the groups in order, each in a pass of its own; call what is given once they have been submitted. */
export const recordTimed = (
  gpu: GPUDevice,
  encoder: GPUCommandEncoder,
  groups: readonly Timed[],
): (() => Promise<readonly Span[]>) => {
  const bytes = 16 * groups.length;
  const resolved = gpu.createBuffer({ size: bytes, usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC });
  const staging = gpu.createBuffer({ size: bytes, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  const sets: GPUQuerySet[] = [];
  for (let first = 0; first < groups.length; first += most / 2) {
    const some = groups.slice(first, first + most / 2);
    const querySet = gpu.createQuerySet({ type: 'timestamp', count: 2 * some.length });
    sets.push(querySet);
    some.forEach((dispatch, i) => {
      const pass = encoder.beginComputePass({
        timestampWrites: { querySet, beginningOfPassWriteIndex: 2 * i, endOfPassWriteIndex: 2 * i + 1 },
      });
      dispatch(pass);
      pass.end();
    });
    encoder.resolveQuerySet(querySet, 0, 2 * some.length, resolved, 16 * first);
  }
  encoder.copyBufferToBuffer(resolved, 0, staging, 0, bytes);
  return async () => {
    try {
      await staging.mapAsync(GPUMapMode.READ);
      const stamps = new BigUint64Array(staging.getMappedRange().slice(0));
      return groups.map((_, i) => {
        const [begin, end] = [stamps[2 * i], stamps[2 * i + 1]];
        return { start: Number(begin) / 1e6, duration: end > begin ? Number(end - begin) / 1e6 : 0 };
      });
    } finally {
      for (const buffer of [resolved, staging]) buffer.destroy();
      for (const set of sets) set.destroy();
    }
  };
};
