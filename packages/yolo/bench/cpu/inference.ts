/** Whole networks, one picture, suppression excluded: onnxruntime-node on the same network as ONNX, and tfjs-wasm. */
import { openDevice } from '@gdarknet/tensor';
import { exportOnnx, loadDetector } from '@gdarknet/yolo';
import * as E from 'fp-ts/lib/Either.js';
import { bytesOf, type Measured, pictures, planOf, sized, weightsFor } from './networks.ts';
import { peer } from './peers.ts';
import { print, type Row, rowOf, steadily, takeTurns } from './rounds.ts';
import { openTfjs } from './tfjs.ts';

type Ort = {
  readonly InferenceSession: {
    readonly create: (
      model: Uint8Array,
      options: object,
    ) => Promise<{ readonly run: (feeds: object) => Promise<unknown>; readonly release: () => Promise<void> }>;
  };
  readonly Tensor: new (type: string, data: Float32Array, dims: readonly number[]) => unknown;
};

/** A network on our device, ready to look at one picture. */
export const openInference = async ({ cfg, side, weights: file }: Measured, threads: number) => {
  const text = sized(cfg, side, 1);
  const plan = planOf(text);
  const device = await openDevice('wasm', { threads });
  const weights = await weightsFor(device, plan, file);
  const loaded = await loadDetector({ cfg: text, weights: bytesOf(weights, plan), device });
  if (E.isLeft(loaded)) throw new Error(JSON.stringify(loaded.left[0]));
  const detector = loaded.right;
  const x = pictures(1, side);
  const batch = { x, sizes: [{ width: side, height: side }] };
  return {
    plan,
    weights,
    x,
    forward: () => detector.candidates(batch, { thresh: 0.9999, nms: 0 }),
    close: async () => {
      detector.close();
      await device.close();
    },
  };
};

export const benchInference = async (network: Measured, threads: number, rounds: number): Promise<Row[]> => {
  const { name, side } = network;
  const { plan, weights, x, forward: ours, close } = await openInference(network, threads);
  const rows: Row[] = [];
  const compare = async (title: string, theirs: () => Promise<unknown>) => {
    const [mine, other] = await takeTurns([steadily(ours), steadily(theirs)], rounds);
    const row = rowOf(`${name} forward at ${side}`, title, threads, mine, other);
    print(row);
    rows.push(row);
  };

  const ort = peer<Ort>('onnxruntime-node');
  if (typeof ort === 'string') console.log(`onnxruntime-node is missing: ${ort}`);
  else {
    const session = await ort.InferenceSession.create(exportOnnx(plan, weights, { batch: 1 }), {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
    });
    const planes = new Float32Array(x.length);
    for (let i = 0; i < side * side; i++) for (let c = 0; c < 3; c++) planes[c * side * side + i] = x[3 * i + c];
    const feeds = { image: new ort.Tensor('float32', planes, [1, 3, side, side]) };
    await compare('onnxruntime-node', () => session.run(feeds));
    await session.release();
  }
  if (threads === 1) {
    const tfjs = await openTfjs(plan, weights);
    if (typeof tfjs === 'string') console.log(`tfjs-wasm is missing: ${tfjs}`);
    else await compare('tfjs-wasm', () => tfjs(x));
  }
  await close();
  return rows;
};
