/**
 * What the library throws when it is asked for something that it will not do: one family, so that a caller tells it from
 * other failures, with data beside the words. The stack begins at the caller's line.
 */

/** Files of this library, of `nn`, which is written on it, and of Node. A test that lies among them is a caller. */
const own = /(?:@gdarknet|packages)[\\/](?:tensor|nn)[\\/](?:src|dist)[\\/](?!.*\.test\.)|node:internal|<anonymous>/;
const isFrame = (line: string): boolean => /^\s+at /.test(line);

/** A stack without the frames of the library at its top; as it is where there are no others. */
const fromCaller = (stack: string): string => {
  const lines = stack.split('\n');
  const first = lines.findIndex(isFrame);
  const user = lines.findIndex((line, i) => i >= first && isFrame(line) && !own.test(line));
  return first < 0 || user < 0 ? stack : [...lines.slice(0, first), ...lines.slice(user)].join('\n');
};

/** The line that called the library, as `file:line:column`; undefined where the engine does not tell. */
export const callerLine = (): string | undefined => {
  if (Error.captureStackTrace === undefined) return undefined;
  const before = Error.stackTraceLimit;
  Error.stackTraceLimit = 50;
  const { stack = '' } = new Error();
  Error.stackTraceLimit = before;
  const frame = stack.split('\n').find((line) => isFrame(line) && !own.test(line));
  return frame === undefined ? undefined : /\(?([^\s()]+:\d+:\d+)\)?$/.exec(frame)?.[1];
};

/** A mistake in the use of an operation, `op`. */
export class TensorError extends Error {
  // On the prototype, where the engine looks for it when it writes the stack.
  override get name(): string {
    return 'TensorError';
  }
  readonly op: string;
  constructor(op: string, message: string) {
    super(`${op}: ${message}`);
    this.op = op;
    if (this.stack !== undefined) this.stack = fromCaller(this.stack);
  }
}

/** An argument or option that an operation does not take: which, what it takes instead, what was given, what to do. */
export class ArgumentError extends TensorError {
  override get name(): string {
    return 'ArgumentError';
  }
  readonly argument: string;
  readonly expected: string;
  readonly got: string;
  /** The words are made of the data, unless `words` says it better. */
  constructor(
    op: string,
    argument: string,
    expected: string,
    got: string,
    advice?: string,
    words = `${argument} must be ${expected}, got ${got}`,
  ) {
    super(op, `${words}${advice === undefined ? '' : `; ${advice}`}`);
    this.argument = argument;
    this.expected = expected;
    this.got = got;
  }
}
