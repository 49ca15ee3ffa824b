/** Loads a cfg and its weights, and detects on a picture or on the camera. */
import type { Device } from '@gdarknet/tensor';
import { type Detector, loadDetector } from '@gdarknet/yolo';
import * as E from 'fp-ts/lib/Either.js';
import { context, drawBoxes, element, letterbox, openChosen, tell } from './page.ts';

type Loaded = { readonly detector: Detector; readonly device: Device; readonly names: readonly string[] };
let loaded: Loaded | undefined;
let camera: MediaStream | undefined;

const file = (id: string): File | undefined => element<HTMLInputElement>(id).files?.[0];

const load = async (): Promise<void> => {
  const [cfg, weights, names] = [file('cfg'), file('weights'), file('names')];
  if (!cfg || !weights) return;
  tell('Loading ...');
  try {
    loaded?.detector.close();
    await loaded?.device.close();
    loaded = undefined;
    const device = await openChosen();
    const result = await loadDetector({
      cfg: await cfg.text(),
      cfgFile: cfg.name,
      weights: new Uint8Array(await weights.arrayBuffer()),
      weightsFile: weights.name,
      device,
    });
    if (E.isLeft(result)) {
      const [fault] = result.left;
      throw new Error(`${fault.file}: expected ${fault.expected}; ${fault.action}`);
    }
    const list = names ? (await names.text()).split('\n').map((name) => name.trim()) : [];
    loaded = { detector: result.right, device, names: list };
    tell(`${device.description}. Choose a picture.`);
    await detectFile();
  } catch (error) {
    tell(error instanceof Error ? error.message : String(error), true);
  }
};

const detect = async (picture: CanvasImageSource, size: { width: number; height: number }): Promise<void> => {
  if (!loaded) return;
  const { detector, device, names } = loaded;
  const canvas = element<HTMLCanvasElement>('view');
  [canvas.width, canvas.height] = [size.width, size.height];
  const start = performance.now();
  const x = letterbox(picture, size, detector.width, detector.height);
  const thresh = Number(element<HTMLInputElement>('threshold').value);
  const [found] = await detector.detect({ x, sizes: [size] }, { thresh });
  const taken = performance.now() - start;
  const view = context(canvas);
  view.drawImage(picture, 0, 0, size.width, size.height);
  drawBoxes(view, found, names);
  tell(`${device.description}: ${taken.toFixed(1)} ms`);
  element('found').textContent =
    found.map(({ class: c, score }) => `${names[c] ?? c} ${score.toFixed(2)}`).join(', ') || 'nothing found';
};

const detectFile = async (): Promise<void> => {
  const chosen = file('picture');
  if (!chosen) return;
  try {
    const picture = await createImageBitmap(chosen);
    await detect(picture, picture);
  } catch (error) {
    tell(`${chosen.name}: ${error instanceof Error ? error.message : error}`, true);
  }
};

const toggleCamera = async (): Promise<void> => {
  const button = element<HTMLButtonElement>('camera');
  if (camera) {
    for (const track of camera.getTracks()) track.stop();
    camera = undefined;
    button.ariaPressed = 'false';
    return;
  }
  try {
    camera = await navigator.mediaDevices.getUserMedia({ video: true });
    button.ariaPressed = 'true';
    const video = document.createElement('video');
    video.srcObject = camera;
    video.muted = true;
    await video.play();
    while (camera) {
      await detect(video, { width: video.videoWidth, height: video.videoHeight });
      await new Promise(requestAnimationFrame);
    }
  } catch (error) {
    tell(`camera: ${error instanceof Error ? error.message : error}`, true);
  }
};

for (const id of ['cfg', 'weights', 'names', 'device']) element(id).addEventListener('change', () => void load());
for (const id of ['picture', 'threshold']) element(id).addEventListener('change', () => void detectFile());
element('camera').addEventListener('click', () => void toggleCamera());
