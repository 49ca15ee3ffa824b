/** What a run tells of itself, line by line: events.ndjson, the truth, and the original's log.csv. */
import { type BatchLog, formatBatchLog } from '@gdarknet/data/runs';
import type { Context } from '../core/context.ts';
import { openJournal } from './journal.ts';
import { eventLine, type RunEvent, type RunFolder } from './run-folder.ts';

export type Records = {
  readonly event: (event: RunEvent) => Promise<void>;
  readonly batch: (row: BatchLog) => Promise<void>;
  /** Whether everything told so far has reached the disk. */
  readonly settle: () => Promise<boolean>;
};

export const openRecords = (folder: RunFolder, tell: Context['tell']): Records => {
  const journal = (path: string) =>
    openJournal({
      path,
      onTrouble: (reason) =>
        tell(`${path}: cannot be written: ${reason}; training goes on, its lines wait until there is room`),
      onRelief: (lines) => tell(`${path}: ${lines} lines that waited are written`),
    });
  const [events, log] = [journal(folder.events), journal(folder.log)];
  return {
    event: (event) => events.write(eventLine(event)),
    batch: (row) => log.write(formatBatchLog(row).trimEnd()),
    settle: async () => (await events.settle()) && (await log.settle()),
  };
};
