/** What the original prints while it trains (SPEC 5.7). */
import { percentF, regionLine, type Trainer } from '@gdarknet/yolo';
import type { Update } from './loop.ts';

/** C's `%g`. */
const percentG = (value: number): string => {
  const short = Number(value.toPrecision(6));
  const exponent = short === 0 ? 0 : Math.floor(Math.log10(Math.abs(short)));
  if (exponent >= -4 && exponent < 6) return String(short);
  const [digits, power] = short.toExponential().split('e');
  return `${digits}e${power[0]}${power.slice(1).padStart(2, '0')}`;
};

export const openingLines = (base: string, { plan: { net } }: Trainer): readonly string[] => [
  base,
  `Learning Rate: ${percentG(net.learning_rate)}, Momentum: ${percentG(net.momentum)}, Decay: ${percentG(net.decay)}`,
];

/** `12: 2.165840, 58.455143 avg, 0.001000 rate, 1.234000 seconds, 48 images` */
export const batchLine = ({ batch, report, average, stepMs, images }: Update): string =>
  `${batch}: ${percentF(report.loss)}, ${percentF(average)} avg, ${percentF(report.rate)} rate, ${percentF(stepMs / 1000)} seconds, ${images} images`;

/** The lines of each mini-batch and [yolo] layer. */
export const detailLines = ({ report, waitMs }: Update, { heads, batch }: Trainer): readonly string[] => [
  `Loaded: ${percentF(waitMs / 1000)} seconds`,
  ...report.parts.flatMap((part) => [
    ...part.heads.map((statistics, i) => regionLine(heads[i].config, heads[i].layer, statistics)),
    `train_network_err: ${percentF(part.cost)}`,
  ]),
  `train_network sum: ${percentF(report.loss * batch)} / ${batch}`,
];
