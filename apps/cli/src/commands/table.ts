/** All commands, in the order of the help. */
import type { Command } from '../arguments/command.ts';
import { evalCoco } from './eval-coco.ts';
import { evalVoc } from './eval-voc.ts';

export const commands: readonly Command[] = [evalCoco, evalVoc];
