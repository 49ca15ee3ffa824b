/** Looks at the run folders again and again, and reads what is new. Polling works on every file system, shared ones too. */
import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { Core } from '../core.ts';
import { faultOf } from '../fault.ts';
import { hideMark, runFiles } from '../runs/run-folder.ts';
import { preferenceOf, setPreference } from '../store/preferences.ts';
import { type Found, findFolders } from './folders.ts';
import { ingest, noteSilence } from './ingest.ts';

/** How the files look from outside; the same text means nothing to read. */
const signatureOf = async (path: string): Promise<string> => {
  const parts = await Promise.all(
    Object.values(runFiles).map(async (name) => {
      try {
        const { size, mtimeMs } = await stat(join(path, name));
        return `${size}:${mtimeMs}`;
      } catch {
        return '-';
      }
    }),
  );
  return parts.join(' ');
};

const isHidden = async (path: string): Promise<boolean> =>
  stat(join(path, hideMark)).then(
    () => true,
    () => false,
  );

type Seen = { signature: string; hidden: boolean; uuid: string };

export type Watch = { readonly close: () => Promise<void> };

/** The first round is over when the promise resolves. `everyMs` lies between the end of one round and the next. */
export const watch = async (core: Core, dir: string, everyMs: number, tell: (text: string) => void): Promise<Watch> => {
  const top = resolve(dir);
  const seen = new Map<string, Seen>();
  let told = '';

  const look = async (found: Found): Promise<void> => {
    const signature = await signatureOf(found.path);
    const hidden = await isHidden(found.path);
    const before = seen.get(found.path);
    let uuid = before?.uuid ?? '';
    if (before?.signature !== signature) {
      const experiment = found.group === '' ? basename(top) : `${basename(top)}/${found.group}`;
      uuid = await ingest(core, found, experiment);
    }
    await noteSilence(core, found, uuid);
    if (hidden !== (before?.hidden ?? false) && hidden !== (preferenceOf(core.db, uuid).hidden ?? false)) {
      await core.db.change(() => setPreference(core.db, uuid, { hidden }));
      core.hub.runs();
    }
    seen.set(found.path, { signature, hidden, uuid });
  };
  const round = async (): Promise<void> => {
    for (const found of await findFolders(top)) {
      if (closed) return;
      try {
        await look(found);
        told = '';
      } catch (error) {
        const fault = faultOf(error);
        const text = `${found.path}: ${fault.tag === 'broken' ? String(error) : fault.what}`;
        if (text !== told) tell(text);
        told = text;
      }
    }
  };

  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  const again = (): void => {
    timer = setTimeout(() => {
      running = round().then(() => {
        if (!closed) again();
      });
    }, everyMs);
  };
  await round();
  again();
  return {
    close: async () => {
      closed = true;
      clearTimeout(timer);
      await running;
    },
  };
};
