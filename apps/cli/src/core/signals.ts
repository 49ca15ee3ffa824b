/**
 * What other processes ask of this one. A signal that asks to end (Ctrl-C, a closed terminal, a cluster's limit) is raised as
 * an abort; one that clusters send before their limit asks to save and go on.
 */
const ending = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGBREAK'] as const;
const saving = ['SIGUSR1', 'SIGUSR2'] as const;

/**
 * Whether the process was started with `nohup`, or by a wrapper that was (`GDARKNET_NOHUP`). Node gives every signal its
 * default when it starts, so SigIgn of `/proc/self/status` tells nothing; shells leave the command's path in `_`.
 */
export const isHeldBy = ({ _, GDARKNET_NOHUP }: NodeJS.ProcessEnv): boolean =>
  GDARKNET_NOHUP !== undefined || /(^|\/)nohup$/.test(_ ?? '');

/** Whether a save has been asked for since the last call. */
export type SaveRequests = { readonly taken: () => boolean };

export type Signals = { readonly interruption: AbortSignal; readonly saves: SaveRequests };

/** `atOnce` is called where an end is asked for a second time. */
export const listen = (atOnce: () => void): Signals => {
  const interruption = new AbortController();
  const isHeld = isHeldBy(process.env);
  for (const signal of ending) {
    // Windows has Ctrl-Break, others do not know it.
    if (signal === 'SIGBREAK' && process.platform !== 'win32') continue;
    // What `nohup` has made deaf stays so.
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
