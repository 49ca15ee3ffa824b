/** A network's cfg as commands read it: its faults refuse, its notices are told. */
import {
  type FileNotice,
  foldNotices,
  type NetworkPlan,
  type PlanOptions,
  parseNetwork,
  showNotice,
} from '@gdarknet/yolo';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { flag, repeated } from '../arguments/option.ts';
import { text } from '../arguments/value.ts';
import type { Context } from '../core/context.ts';
import { type Failure, modelFailure } from '../core/failure.ts';
import { textOf } from './files.ts';

export const cfgOptions = {
  ignore: repeated(text, { placeholder: 'key', doc: 'drop a key of the cfg, wherever it stands; may be repeated' }),
  strict: flag('refuse a cfg with keys that change training and are not implemented, in place of a warning'),
};

/** Of commands that read weights. */
export const allowUnsound = flag('take weights that are NaN or infinite, with a note, in place of refusing them');

export type CfgRules = { readonly ignore: readonly string[]; readonly strict: boolean };

/** Who only detects is not told what is about training alone. */
export type Interest = 'training' | 'detection';

export const noticesFor = (interest: Interest, notices: readonly FileNotice[]): readonly FileNotice[] =>
  foldNotices(interest === 'training' ? notices : notices.filter(({ about }) => about !== 'training'));

/** The weightiest first, and none is cut off: equal ones are one. */
export const tellNotices = (
  notices: readonly FileNotice[],
  { tell }: Context,
  interest: Interest = 'detection',
): void => {
  for (const notice of noticesFor(interest, notices)) {
    tell(`${notice.tag === 'training-only' ? 'warning' : 'note'}: ${showNotice(notice)}`);
  }
};

export type ReadCfg = { readonly text: string; readonly plan: NetworkPlan; readonly notices: readonly FileNotice[] };

/** From text that is at hand. */
export const cfgFrom = (
  source: { readonly file: string; readonly text: string },
  { ignore, strict, ...size }: CfgRules & PlanOptions,
  context: Context,
  interest: Interest = 'detection',
): E.Either<Failure, ReadCfg> =>
  pipe(
    parseNetwork(source.text, { file: source.file, ignore, strict, ...size }),
    E.bimap(modelFailure, ({ value: plan, notices }) => {
      tellNotices(notices, context, interest);
      return { text: source.text, plan, notices: noticesFor(interest, notices) };
    }),
  );

export const cfgOf = (
  file: string,
  rules: CfgRules & PlanOptions,
  context: Context,
  interest: Interest = 'detection',
): TE.TaskEither<Failure, ReadCfg> =>
  pipe(
    textOf(file),
    TE.flatMapEither((text) => cfgFrom({ file, text }, rules, context, interest)),
  );
