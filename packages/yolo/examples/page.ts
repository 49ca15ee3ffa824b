/** What both pages need: elements, devices, pictures as the network takes them, boxes. */
import { type Device, type DeviceName, openDevice } from '@gdarknet/tensor';
import type { Detection } from '@gdarknet/yolo';

export const element = <T extends HTMLElement>(id: string): T => {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found as T;
};

export const tell = (text: string, fault = false): void => {
  const status = element<HTMLOutputElement>('status');
  status.textContent = text;
  status.className = fault ? 'fault' : '';
};

/** A device that this browser has not is told, and is no crash. */
export const openChosen = async (): Promise<Device> =>
  openDevice(element<HTMLSelectElement>('device').value as DeviceName);

export const context = (canvas: HTMLCanvasElement | OffscreenCanvas): CanvasRenderingContext2D => {
  const found = canvas.getContext('2d', { willReadFrequently: true });
  if (!found) throw new Error('this browser draws no canvas');
  return found as CanvasRenderingContext2D;
};

/** A picture in the middle of a grey square, as Darknet letterboxes: `[height, width, 3]` in 0 to 1. */
export const letterbox = (
  picture: CanvasImageSource,
  from: { readonly width: number; readonly height: number },
  width: number,
  height: number,
): Float32Array => {
  const scale = Math.min(width / from.width, height / from.height);
  const [w, h] = [Math.round(from.width * scale), Math.round(from.height * scale)];
  const canvas = context(new OffscreenCanvas(width, height));
  canvas.fillStyle = '#808080';
  canvas.fillRect(0, 0, width, height);
  canvas.drawImage(picture, Math.floor((width - w) / 2), Math.floor((height - h) / 2), w, h);
  const { data } = canvas.getImageData(0, 0, width, height);
  const x = new Float32Array(width * height * 3);
  for (let i = 0; i < width * height; i++) for (let c = 0; c < 3; c++) x[3 * i + c] = data[4 * i + c] / 255;
  return x;
};

export const drawBoxes = (
  canvas: CanvasRenderingContext2D,
  detections: readonly Detection[],
  names: readonly string[],
): void => {
  const { width, height } = canvas.canvas;
  canvas.lineWidth = Math.max(2, width / 200);
  canvas.font = `${Math.max(12, width / 40)}px system-ui, sans-serif`;
  for (const { box, class: index, score } of detections) {
    const [x, y, w, h] = box;
    const colour = `hsl(${(index * 137.5) % 360} 90% 45%)`;
    const [left, top] = [(x - w / 2) * width, (y - h / 2) * height];
    canvas.strokeStyle = colour;
    canvas.strokeRect(left, top, w * width, h * height);
    const text = `${names[index] ?? index} ${(100 * score).toFixed(0)} %`;
    canvas.fillStyle = colour;
    canvas.fillText(text, left + 4, Math.max(top - 4, canvas.lineWidth + 12));
  }
};
