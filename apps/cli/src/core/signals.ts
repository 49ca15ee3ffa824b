/**
 * What other processes ask of this one. A signal that asks to end (Ctrl-C, a closed terminal, a cluster's limit) is raised as
 * an abort; one that clusters send before their limit asks to save and go on.
 */
import { readFileSync } from 'node:fs';

const ending = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGBREAK'] as const;
const saving = ['SIGUSR1', 'SIGUSR2'] as const;

/** Bit n - 1 of SigIgn stands for signal n: those that whoever started the process has it ignore, as nohup does SIGHUP. */
export const ignores = (status: string, signal: number): boolean => {
  const mask = /^SigIgn:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  return mask !== undefined && ((BigInt(`0x${mask}`) >> BigInt(signal - 1)) & 1n) === 1n;
};

const hangup = 1;
const statusOfProcess = (): string => {
  try {
    return readFileSync('/proc/self/status', 'utf8');
  } catch {
    return '';
  }
};

/** Whether a save has been asked for since the last call. */
export type SaveRequests = { readonly taken: () => boolean };

export type Signals = { readonly interruption: AbortSignal; readonly saves: SaveRequests };

/** `atOnce` is called where an end is asked for a second time. */
export const listen = (atOnce: () => void): Signals => {
  const interruption = new AbortController();
  // `GDARKNET_NOHUP` comes from a wrapper that was told to ignore it: a child process starts deaf to nothing.
  const isHeld = process.env.GDARKNET_NOHUP !== undefined || ignores(statusOfProcess(), hangup);
  for (const signal of ending) {
    // Windows has Ctrl-Break, others do not know it.
    if (signal === 'SIGBREAK' && process.platform !== 'win32') continue;
    // What `nohup` has made deaf stays deaf.
    if (signal === 'SIGHUP' && isHeld) {
      process.on(signal, () => {});
      continue;
    }
    process.on(signal, () => (interruption.signal.aborted ? atOnce() : interruption.abort()));
  }
  let asked = false;
  if (process.platform !== 'win32')
    for (const signal of saving)
      process.on(signal, () => {
        asked = true;
      });
  const taken = (): boolean => {
    const was = asked;
    asked = false;
    return was;
  };
  return { interruption: interruption.signal, saves: { taken } };
};
