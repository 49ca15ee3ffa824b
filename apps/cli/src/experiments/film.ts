/** Frames of a film or a camera, through an installed ffmpeg: decoded as a stream of PPM pictures, encoded from raw ones. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { blankImage, type Image } from '@gdarknet/data';

/** ffmpeg is not there, or does not understand what it was given. */
export class FilmError extends Error {
  override readonly name = 'FilmError';
}

const begin = (words: readonly string[], stdio: ['ignore' | 'pipe', 'ignore' | 'pipe', 'pipe']): ChildProcess =>
  spawn('ffmpeg', ['-hide_banner', '-nostdin', ...words], { stdio });

const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? '';

/** Resolves with what it said, when it ends well. */
const outcome = (child: ChildProcess, task: string): Promise<string> =>
  new Promise((resolve, reject) => {
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = `${said}${text}`.slice(-20_000);
    });
    child.on('error', (error: NodeJS.ErrnoException) =>
      reject(new FilmError(error.code === 'ENOENT' ? 'ffmpeg is not installed' : error.message)),
    );
    child.on('close', (status) =>
      status === 0 ? resolve(said) : reject(new FilmError(`ffmpeg cannot ${task}: ${lastLine(said)}`)),
    );
  });

/** `P6 <width> <height> 255`, then the rows. Undefined while there is too little of it. */
const header = (bytes: Buffer): { width: number; height: number; start: number } | undefined => {
  const found = /^P6\s+(\d+)\s+(\d+)\s+255\s/.exec(bytes.subarray(0, 64).toString('latin1'));
  return found ? { width: Number(found[1]), height: Number(found[2]), start: found[0].length } : undefined;
};

/** `input` are ffmpeg's words for the source: `['-i', 'film.mp4']`. Throws FilmError. */
export const framesOf = async function* (input: readonly string[]): AsyncGenerator<Image> {
  const child = begin(['-v', 'error', ...input, '-f', 'image2pipe', '-c:v', 'ppm', '-'], ['ignore', 'pipe', 'pipe']);
  const done = outcome(child, `read ${input.at(-1)}`);
  done.catch(() => undefined);
  let rest = Buffer.alloc(0);
  try {
    for await (const piece of child.stdout ?? []) {
      rest = Buffer.concat([rest, piece as Buffer]);
      for (;;) {
        const size = header(rest);
        const end = size ? size.start + size.width * size.height * 3 : Number.POSITIVE_INFINITY;
        if (size === undefined || rest.length < end) break;
        const image = blankImage(size.width, size.height, [0, 0, 0]);
        image.data.set(rest.subarray(size.start, end));
        rest = rest.subarray(end);
        yield image;
      }
    }
    await done;
  } finally {
    child.kill();
  }
};

/** Frames a second, as ffmpeg tells them; undefined when it does not. */
export const rateOf = async (input: readonly string[]): Promise<number | undefined> => {
  const child = begin([...input, '-frames:v', '1', '-f', 'null', '-'], ['ignore', 'ignore', 'pipe']);
  const rate = Number(/(\d+(?:[.]\d+)?) fps/.exec(await outcome(child, `read ${input.at(-1)}`))?.[1]);
  return rate > 0 ? rate : undefined;
};

export type FilmWriter = { readonly write: (frame: Image) => Promise<void>; readonly end: () => Promise<void> };

/** All frames must have the size of the first. */
export const filmWriter = (path: string, rate: number): FilmWriter => {
  let child: ChildProcess | undefined;
  let done: Promise<string> | undefined;
  return {
    write: async ({ width, height, data }) => {
      if (child === undefined) {
        const raw = ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', `${width}x${height}`, '-r', String(rate), '-i', '-'];
        child = begin(
          ['-v', 'error', '-y', ...raw, '-pix_fmt', 'yuv420p', '-vf', 'pad=ceil(iw/2)*2:ceil(ih/2)*2', path],
          [...(['pipe', 'ignore', 'pipe'] as const)],
        );
        done = outcome(child, `write ${path}`);
        done.catch(() => undefined);
        child.stdin?.on('error', () => undefined);
      }
      if (child.stdin?.write(data) === false) await Promise.race([once(child.stdin, 'drain'), done]);
    },
    end: async () => {
      child?.stdin?.end();
      await done;
    },
  };
};
