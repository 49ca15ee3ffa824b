/**
 * `pnpm bench:data [--json file]`: the augmentation and each of its operations against the same calls in OpenCV (one
 * thread, run in turns, medians), the loader's pictures a second without and with worker threads (in turns, medians;
 * decoding has libuv's threads in any case), and the share of a training step of yolov3-tiny that is spent waiting for
 * data (%). OpenCV is Debian's python3-opencv, or any Python with cv2 that BENCH_PYTHON names; without one its columns
 * are empty and that is said.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { augmentInto, batches, decodeBytes, encodeJpeg, type Image, shapesSample, writeLabels } from '../src/index.ts';
import {
  flip,
  fromHsvBytes,
  fromHsvFloats,
  gaussianBlur,
  multiplyTable,
  pad,
  resize,
  toHsvBytes,
  toHsvFloats,
  warpAffine,
  warpPerspective,
} from '../src/opencv/index.ts';
import { waitingOf } from './waiting.ts';

const rounds = 41;
const warmRounds = 11;
const side = 416;
const crop = { left: 60, top: -20, width: 540, height: 480 };

sharp.concurrency(1);
sharp.cache(false);

/** A 640 x 480 picture with as much detail as a photograph: shapes at several scales. */
const picture = (): Image => {
  const { data } = shapesSample(7, 1, 640).image;
  return { width: 640, height: 480, data: data.slice(0, 640 * 480 * 3) };
};

/** Saturating multiplication as its user writes it. */
const multiply = (data: Uint8Array, factor: number): Uint8Array => {
  const [table, out] = [multiplyTable(factor), new Uint8Array(data.length)];
  for (let i = 0; i < data.length; i++) out[i] = table[data[i]];
  return out;
};

type Peer = { readonly version: string; readonly time: (job: string) => Promise<number>; readonly end: () => void };

const openPeer = async (jpeg: string): Promise<Peer | undefined> => {
  const python = process.env.BENCH_PYTHON ?? '/usr/bin/python3';
  const script = fileURLToPath(new URL('./opencv.py', import.meta.url));
  const numbers = [crop.left, crop.top, crop.width, crop.height].map(String);
  const child: ChildProcess = spawn(python, [script, jpeg, ...numbers], { stdio: ['pipe', 'pipe', 'ignore'] });
  const failed = new Promise<undefined>((resolve) => {
    child.on('error', () => resolve(undefined));
  });
  if (child.stdout === null || child.stdin === null) return undefined;
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const first = await Promise.race([lines.next(), failed]);
  if (first === undefined || first.done) return undefined;
  const { stdin } = child;
  return {
    version: first.value,
    time: async (job) => {
      stdin.write(`${job}\n`);
      return Number((await lines.next()).value);
    },
    end: () => stdin.end(),
  };
};

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1];

type Row = {
  readonly name: string;
  readonly peer: string;
  readonly threads: number;
  readonly ours: number;
  readonly theirs: number | null;
  readonly unit: string;
  readonly ratio: number | null;
};

const loaderWorkers = [0, 1, 2];
const loaderRounds = 5;
/** The first batches start the threads, compile, and fill the memory that goes round. */
const warmBatches = 6;

/** Pictures a second in the steady state, whose batches are read by nobody and given back. */
const loaderRate = async (images: readonly string[], workers: number): Promise<number> => {
  const stream = batches({ images, batch: 8, width: side, height: side, seed: 1, workers, cacheBytes: 0, end: 36 });
  let [made, from] = [0, 0];
  for await (const batch of stream) {
    if (batch.index === warmBatches) from = performance.now();
    else if (batch.index > warmBatches) made += batch.n;
    stream.recycle(batch);
  }
  return (1000 * made) / (performance.now() - from);
};

const loaderRows = async (folder: string, jpeg: Uint8Array): Promise<Row[]> => {
  const images = Array.from({ length: 64 }, (_, i) => join(folder, `p${i}.jpg`));
  for (const path of images) {
    writeFileSync(path, jpeg);
    await writeLabels(path.replace('.jpg', '.txt'), [{ classId: 0, x: 0.5, y: 0.5, w: 0.2, h: 0.2 }])();
  }
  const rates = loaderWorkers.map((): number[] => []);
  for (let round = 0; round < loaderRounds; round++) {
    for (const [i, workers] of loaderWorkers.entries()) rates[i].push(await loaderRate(images, workers));
  }
  const { step, wait } = await waitingOf(images);
  const row = (name: string, threads: number, ours: number, unit: string): Row => ({
    name,
    ours,
    unit,
    peer: '',
    threads,
    theirs: null,
    ratio: null,
  });
  return [
    ...loaderWorkers.map((workers, i) => row(`loader, ${workers} workers`, workers, median(rates[i]), 'images/s')),
    row('training step', 2, step, 'ms'),
    row('of it waiting', 2, (100 * wait) / (step + wait), '%'),
  ];
};

/** What is timed, under the names that the peer has for it. */
const jobsOf = (jpeg: Uint8Array, image: Image): Readonly<Record<string, () => unknown>> => {
  const raster = { ...image, channels: 3 };
  const hsv = toHsvBytes(raster, 'rgb');
  const floats = { ...raster, data: Float32Array.from(raster.data, (v) => v / 255) };
  const hsvFloats = toHsvFloats(floats, 'rgb');
  const out = new Float32Array(side * side * 3);
  const change = { ...crop, flip: true, hue: 5 / 179, saturation: 1.3, exposure: 0.8 };
  const augment = (source: Image): void => augmentInto(source, change, side, side, out);
  const border = { top: 16, bottom: 16, left: 16, right: 16 };
  const view = [
    [0.9, 0.1, 3],
    [-0.1, 0.9, 5],
  ] as const;
  return {
    augment: () => augment(image),
    'decode and augment': async () => {
      const again = await decodeBytes(jpeg)();
      if (again._tag === 'Right') augment(again.right);
    },
    decode: () => decodeBytes(jpeg)(),
    'resize linear': () => resize(raster, side, side),
    'resize area': () => resize(raster, side, 312, 'area'),
    'resize nearest': () => resize(raster, side, side, 'nearest'),
    'rgb to hsv': () => toHsvBytes(raster, 'rgb'),
    'hsv to rgb': () => fromHsvBytes(hsv, 'rgb'),
    flip: () => flip(raster, 'horizontal'),
    border: () => pad(raster, border, 'reflect101'),
    'blur 5': () => gaussianBlur(raster, 5),
    'blur 9': () => gaussianBlur(raster, 9),
    'warp affine': () => warpAffine(raster, view, side, side),
    'warp perspective': () => warpPerspective(raster, [...view, [1e-4, 2e-4, 1]], side, side),
    multiply: () => multiply(raster.data, 1.3),
    'resize linear f32': () => resize(floats, side, side),
    'resize area f32': () => resize(floats, side, 312, 'area'),
    'rgb to hsv f32': () => toHsvFloats(floats, 'rgb'),
    'hsv to rgb f32': () => fromHsvFloats(hsvFloats, 'rgb'),
    'blur 5 f32': () => gaussianBlur(floats, 5),
  };
};

/** Ours and the peer's, taking turns. */
const compared = async (peer: Peer | undefined, name: string, job: () => unknown): Promise<Row> => {
  const [ours, theirs]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    const from = performance.now();
    await job();
    ours.push(performance.now() - from);
    if (peer) theirs.push(await peer.time(name));
  }
  // The first rounds compile.
  const [a, b] = [median(ours.slice(warmRounds)), peer ? median(theirs.slice(warmRounds)) : null];
  return {
    name,
    peer: peer ? `OpenCV ${peer.version}` : '',
    threads: 1,
    unit: 'ms',
    ours: a,
    theirs: b,
    ratio: b === null ? null : a / b,
  };
};

const main = async (): Promise<void> => {
  const { values } = parseArgs({ options: { json: { type: 'string' } } });
  const folder = mkdtempSync(join(tmpdir(), 'bench-data-'));
  try {
    const jpeg = await encodeJpeg(picture());
    const file = join(folder, 'picture.jpg');
    writeFileSync(file, jpeg);
    const decoded = await decodeBytes(jpeg)();
    if (decoded._tag === 'Left') throw new Error('the picture cannot be decoded');
    const peer = await openPeer(file);
    console.error(
      peer
        ? `OpenCV ${peer.version}, one thread`
        : 'OpenCV: missing (apt-get install python3-opencv, or set BENCH_PYTHON)',
    );
    const rows: Row[] = [];
    for (const [name, job] of Object.entries(jobsOf(jpeg, decoded.right))) rows.push(await compared(peer, name, job));
    peer?.end();
    rows.push(...(await loaderRows(folder, jpeg)));
    for (const { name, ours, theirs, unit, ratio } of rows) {
      const shown = [ours, theirs, ratio].map((v) => (v === null ? '-' : v.toFixed(2)).padStart(9)).join('');
      console.log(`${name.padEnd(20)}${shown}  ${unit}`);
    }
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

await main();
