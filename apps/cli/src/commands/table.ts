/** All commands, in the order of the help. */
import type { Command } from '../arguments/command.ts';
import { anchors } from './anchors.ts';
import { average } from './average.ts';
import { board } from './board.ts';
import { compare } from './compare.ts';
import { convertCoco } from './convert-coco.ts';
import { convertDarknet } from './convert-darknet.ts';
import { convertOpenimages } from './convert-openimages.ts';
import { convertVoc } from './convert-voc.ts';
import { convertYolo } from './convert-yolo.ts';
import { dataCheck } from './data-check.ts';
import { dataGet } from './data-get.ts';
import { dataShow } from './data-show.ts';
import { dataStats } from './data-stats.ts';
import { demoCommand } from './demo.ts';
import { devices } from './devices.ts';
import { evalCheck } from './eval-check.ts';
import { evalCoco } from './eval-coco.ts';
import { evalVoc } from './eval-voc.ts';
import { evaluateCommand } from './evaluate.ts';
import { exportOnnxCommand } from './export-onnx.ts';
import { fold } from './fold.ts';
import { table } from './layer-table.ts';
import { logEvaluation } from './log-evaluation.ts';
import { logPush } from './log-push.ts';
import { newRun } from './new-run.ts';
import { pack } from './pack.ts';
import { partial } from './partial.ts';
import { printCommand } from './print.ts';
import { qualitative } from './qualitative.ts';
import { recall } from './recall.ts';
import { report } from './report.ts';
import { shapes } from './shapes.ts';
import { shapesDemo } from './shapes-demo.ts';
import { slurmSweep } from './slurm-sweep.ts';
import { slurmTrain } from './slurm-train.ts';
import { slurmValid } from './slurm-valid.ts';
import { slurmWatch } from './slurm-watch.ts';
import { speed } from './speed.ts';
import { detect, test } from './test.ts';
import { train } from './train.ts';
import { valid, valid2 } from './valid.ts';
import { watchCommand } from './watch.ts';

export const commands: readonly Command[] = [
  train,
  test,
  detect,
  valid,
  valid2,
  recall,
  demoCommand,
  watchCommand,
  evaluateCommand,
  evalCheck,
  evalCoco,
  evalVoc,
  compare,
  qualitative,
  newRun,
  slurmTrain,
  slurmSweep,
  slurmValid,
  slurmWatch,
  table,
  speed,
  printCommand,
  partial,
  average,
  fold,
  exportOnnxCommand,
  pack,
  dataCheck,
  dataStats,
  dataShow,
  dataGet,
  anchors,
  convertVoc,
  convertCoco,
  convertDarknet,
  convertYolo,
  convertOpenimages,
  board,
  logPush,
  logEvaluation,
  report,
  shapes,
  shapesDemo,
  devices,
];
