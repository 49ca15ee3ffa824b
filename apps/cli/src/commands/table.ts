/** All commands, in the order of the help. */
import type { Command } from '../arguments/command.ts';
import { evalCoco } from './eval-coco.ts';
import { evalVoc } from './eval-voc.ts';
import { detect, test } from './test.ts';
import { valid } from './valid.ts';

export const commands: readonly Command[] = [test, detect, valid, evalCoco, evalVoc];
