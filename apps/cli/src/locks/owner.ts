/** Whether the process that holds a lock or a claim on this host lives. */
import { readFileSync } from 'node:fs';

/** Fields of `/proc/<pid>/stat` behind the name, which may hold anything but ends with the last parenthesis. */
const fieldsOf = (pid: number): readonly string[] | undefined => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
};

/** When a process began, in ticks since its host did, where the system tells: a number may be given out again. */
export const beganAt = (pid: number): string | undefined => fieldsOf(pid)?.[19];

/** Ended, and not yet reaped: in a container whose first process reaps nobody it stays so for ever. */
const isZombie = (pid: number): boolean => ['Z', 'X', 'x'].includes(fieldsOf(pid)?.[0] ?? '');

/** The process of this number that began then; an empty `began` is not known. */
export const isRunning = ({ pid, began }: { readonly pid: number; readonly began?: string | undefined }): boolean => {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return !isZombie(pid) && (!began || began === beganAt(pid));
};
