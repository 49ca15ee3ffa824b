/** Matrix products against OpenBLAS: the shapes of YOLOv3's layers as [pixels x depth] by [depth x filters]. */
import { evaluate, free, jit, matmul, openDevice, type Tensor, tensor } from '@gdarknet/tensor';
import { openBlas } from './peers.ts';
import { geometricMean, print, type Row, rowOf, steadily, takeTurns } from './rounds.ts';

const shapes = [
  [64, 43264, 288],
  [128, 10816, 576],
  [256, 2704, 1152],
  [512, 676, 2304],
  [1024, 169, 4608],
  [32, 43264, 64],
  [128, 2704, 256],
  [512, 169, 1024],
  [1024, 1024, 1024],
] as const;

export const benchGemm = async (threads: number, rounds: number): Promise<Row[]> => {
  const sgemm = openBlas(threads);
  if (typeof sgemm === 'string') {
    console.log(`GEMM: ${sgemm}`);
    return [];
  }
  const device = await openDevice('wasm', { threads });
  const rows: Row[] = [];
  for (const [filters, pixels, depth] of shapes) {
    const a = Float32Array.from({ length: pixels * depth }, (_, i) => ((i * 37) % 101) / 101 - 0.5);
    const b = Float32Array.from({ length: depth * filters }, (_, i) => ((i * 53) % 97) / 97 - 0.5);
    const c = new Float32Array(pixels * filters);
    const [x, y] = await evaluate(device, [tensor(a, [pixels, depth]), tensor(b, [depth, filters])]);
    const multiply = jit(device, (p: Tensor, q: Tensor) => matmul(p, q));
    const ours = async () => {
      free(await multiply(x, y));
    };
    const openblas = () => sgemm(pixels, filters, depth, a, b, c);
    const [mine, theirs] = await takeTurns([steadily(ours), steadily(openblas)], rounds);
    const row = rowOf(`gemm ${filters} x ${pixels} x ${depth}`, 'OpenBLAS', threads, mine, theirs);
    print(row);
    rows.push(row);
    multiply.close();
    free([x, y]);
  }
  const [ratios, bests] = [rows.map((row) => 1 / row.ratio), rows.map((row) => 1 / row.best)];
  console.log(
    `GEMM rate of OpenBLAS's, ${threads} threads: geometric mean ${geometricMean(ratios).toFixed(2)} (best ${geometricMean(bests).toFixed(2)}), least ${Math.min(...ratios).toFixed(2)} (best ${Math.min(...bests).toFixed(2)})`,
  );
  await device.close();
  return rows;
};
