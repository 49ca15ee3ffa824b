/** onnxruntime-node, the other reader of what is written here, installed into a temporary folder for as long as a test runs. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

type OrtTensor = { readonly data: Float32Array; readonly dims: readonly number[] };
type OrtSession = {
  readonly run: (feeds: Readonly<Record<string, OrtTensor>>) => Promise<Readonly<Record<string, OrtTensor>>>;
  readonly release: () => Promise<void>;
};
type OrtModule = {
  readonly InferenceSession: { readonly create: (model: Uint8Array, options?: object) => Promise<OrtSession> };
  readonly Tensor: new (type: 'float32', data: Float32Array, dims: readonly number[]) => OrtTensor;
};

export type OnnxRuntime = {
  /** Runs the model once on one input, named `image`; outputs by name. */
  readonly run: (
    model: Uint8Array,
    image: Float32Array,
    shape: readonly number[],
  ) => Promise<Readonly<Record<string, OrtTensor>>>;
  readonly remove: () => Promise<void>;
};

export const onnxruntime = 'onnxruntime-node@1.30.0';

/** The runtime, or why it is not to be had. Its install script is skipped: the package carries its CPU library. */
export const installOnnxRuntime = async (): Promise<OnnxRuntime | string> => {
  const root = await mkdtemp(join(tmpdir(), 'gdarknet-onnxruntime-'));
  const remove = () => rm(root, { recursive: true, force: true });
  try {
    const words = ['install', '--prefix', root, '--ignore-scripts', '--no-audit', '--no-fund', onnxruntime];
    await promisify(execFile)('npm', words, { timeout: 90_000 });
    const ort = createRequire(join(root, 'package.json'))('onnxruntime-node') as OrtModule;
    return {
      remove,
      run: async (model, image, shape) => {
        const session = await ort.InferenceSession.create(model, { intraOpNumThreads: 1, logSeverityLevel: 3 });
        try {
          return await session.run({ image: new ort.Tensor('float32', image, shape) });
        } finally {
          await session.release();
        }
      },
    };
  } catch (error) {
    await remove();
    return `${onnxruntime} cannot be installed: ${String(error).split('\n')[0]}`;
  }
};
