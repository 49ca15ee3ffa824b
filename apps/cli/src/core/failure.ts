/** Why a command did not succeed; the one place that turns errors into text and exit statuses. */
import { type DataFault, NoUsablePicture, reasonOf, showFault as showDataFault } from '@gdarknet/data';
import { type FormatFault, showFault as showFormatFault } from '@gdarknet/metrics/formats';
import { DeviceLostError, OutOfMemoryError, TooLargeError } from '@gdarknet/tensor';
import {
  type FileFault,
  foldFaults,
  InputSizeError,
  StepMemoryError,
  showFault as showFileFault,
} from '@gdarknet/yolo';

export type Failure =
  /** Files of a data set, results, anything read or written. */
  | { readonly tag: 'data'; readonly faults: readonly DataFault[] }
  /** Annotations and results of an evaluation. */
  | { readonly tag: 'format'; readonly faults: readonly FormatFault[] }
  /** cfg, .data, names and weights. */
  | { readonly tag: 'model'; readonly faults: readonly FileFault[] }
  /** `what` is wrong, and what to do. */
  | { readonly tag: 'refused'; readonly what: string; readonly action: string }
  /** The work is done, but parts of the input could not be used; they have been listed. */
  | { readonly tag: 'incomplete'; readonly what: string }
  | { readonly tag: 'interrupted'; readonly what: string }
  | { readonly tag: 'thrown'; readonly error: unknown };

export const dataFailure = (fault: DataFault): Failure => ({ tag: 'data', faults: [fault] });
export const dataFailures = (faults: readonly DataFault[]): Failure => ({ tag: 'data', faults });
export const formatFailure = (faults: readonly FormatFault[]): Failure => ({ tag: 'format', faults });
export const modelFailure = (faults: readonly FileFault[]): Failure => ({ tag: 'model', faults });
export const refused = (what: string, action: string): Failure => ({ tag: 'refused', what, action });
export const thrown = (error: unknown): Failure => ({ tag: 'thrown', error });

export const exitStatus = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** `usage`: the command line itself is wrong. */
export const statusOf = (failure: Failure | { readonly tag: 'usage' }): number =>
  failure.tag === 'usage'
    ? exitStatus.usage
    : failure.tag === 'interrupted'
      ? exitStatus.interrupted
      : exitStatus.failed;

/** Who trains together with others, and they have ended before the work was done. */
export class CrewEnded extends Error {
  override readonly name = 'CrewEnded';
  constructor() {
    super('another device has ended, and has said why');
  }
}

/** A long list of faults says the same thing over and over. */
const shownFaults = 50;

const listed = (lines: readonly string[]): readonly string[] =>
  lines.length <= shownFaults
    ? lines
    : [...lines.slice(0, shownFaults), `... and ${lines.length - shownFaults} more like these`];

/** Errors whose message says what was expected and what to do. */
const complete = [
  NoUsablePicture,
  OutOfMemoryError,
  StepMemoryError,
  InputSizeError,
  TooLargeError,
  DeviceLostError,
  CrewEnded,
] as const;

/** The tensor library knows no network; what makes one smaller stands here. */
const smaller = 'A network takes less with more subdivisions, a smaller batch, or a smaller width and height.';

/** The first lines of a stack help to report a programmer's mistake. */
const ofThrown = (error: unknown): readonly string[] => {
  if (error instanceof OutOfMemoryError || (error instanceof TooLargeError && !error.message.includes('subdivisions')))
    return [`${error.message} ${smaller}`];
  if (complete.some((kind) => error instanceof kind)) return [(error as Error).message];
  const stack = error instanceof Error ? (error.stack ?? '').split('\n').slice(1, 5) : [];
  return [`unexpected: ${reasonOf(error)}`, ...stack];
};

const texts: { readonly [T in Failure['tag']]: (failure: Extract<Failure, { tag: T }>) => readonly string[] } = {
  data: ({ faults }) => listed(faults.map(showDataFault)),
  format: ({ faults }) => listed(faults.map(showFormatFault)),
  model: ({ faults }) => listed(foldFaults(faults).map(showFileFault)),
  refused: ({ what, action }) => [`${what}; ${action}`],
  incomplete: ({ what }) => [what],
  interrupted: ({ what }) => [`interrupted: ${what}`],
  thrown: ({ error }) => ofThrown(error),
};

/** Lines for a person. */
export const showFailure = (failure: Failure): readonly string[] =>
  (texts[failure.tag] as (f: Failure) => readonly string[])(failure);
