/** A survey of a set in words. */
import { type Alike, type SetStatistics, type Spread, type Survey, showFault } from '@gdarknet/data';

const shownGroups = 20;

const some = <A>(items: readonly A[], show: (item: A) => string): readonly string[] =>
  items.length <= shownGroups
    ? items.map(show)
    : [...items.slice(0, shownGroups).map(show), `... and ${items.length - shownGroups} more`];

const spread = ({ min, q1, median, q3, max }: Spread, digits: number): string =>
  [min, q1, median, q3, max].map((value) => (Number.isNaN(value) ? '-' : value.toFixed(digits))).join(' / ');

const longestBar = 40;

const histogram = ({ classes }: SetStatistics): readonly string[] => {
  const most = classes.reduce((best, { boxes }) => Math.max(best, boxes), 1);
  const widest = classes.reduce((best, { name }) => Math.max(best, name.length), 0);
  return classes.map(({ name, boxes, images }) => {
    const bar = '#'.repeat(Math.ceil((longestBar * boxes) / most));
    return `    ${name.padEnd(widest)}  ${String(boxes).padStart(7)} on ${String(images).padStart(6)} images  ${bar}`.trimEnd();
  });
};

export const statisticsLines = (name: string, statistics: SetStatistics): readonly string[] => {
  const { images, boxes, empty, areas } = statistics;
  return [
    `${name}: ${images} images, ${boxes} boxes, ${empty} images without a box`,
    ...histogram(statistics),
    '    least / quarter / middle / three quarters / most',
    `    boxes on an image   ${spread(statistics.boxesPerImage, 0)}`,
    `    image width         ${spread(statistics.imageWidth, 0)}`,
    `    image height        ${spread(statistics.imageHeight, 0)}`,
    `    box side (share)    ${spread(statistics.boxSide, 4)}`,
    `    box width / height  ${spread(statistics.boxAspect, 3)}`,
    `    boxes by area: ${areas.small} below 32 x 32 pixels, ${areas.medium} below 96 x 96, ${areas.large} larger`,
  ];
};

const heading = (count: number, what: string): string => `${count === 0 ? 'no' : count} ${what}`;

const alikeLines = (alike: readonly Alike[]): readonly (readonly [string, readonly string[]])[] => {
  const across = alike.filter(({ train, valid }) => train.length > 0 && valid.length > 0);
  const within = alike.filter((group) => !across.includes(group));
  const show = ({ train, valid, distance }: Alike): string => {
    const sides = [train, valid].filter((paths) => paths.length > 0).map((paths) => paths.join(' ~ '));
    return `${sides.join(' -> ')} (${distance} of 64 bits)`;
  };
  return [
    [heading(within.length, 'groups of images that look alike'), some(within, show)],
    [heading(across.length, 'groups of images that look alike with some in the validation part'), some(across, show)],
  ];
};

export const surveyLines = (survey: Survey): readonly string[] => {
  const { parts, faults, unused, repeated, duplicates, leaks, alike, anchors } = survey;
  const indented = (lines: readonly string[]): readonly string[] => lines.map((line) => `    ${line}`);
  return [
    ...statisticsLines('train', parts.train),
    ...(parts.valid ? statisticsLines('valid', parts.valid) : []),
    ...(anchors
      ? [
          `anchors: average IoU ${(100 * anchors.averageIou).toFixed(2)} %, recall at 0.5 ${(100 * anchors.recall).toFixed(2)} %`,
          ...indented(anchors.anchors.map(([w, h], i) => `${w} x ${h}: best for ${anchors.counts[i]} boxes`)),
        ]
      : []),
    heading(faults.length, 'files, lines or boxes that cannot be used'),
    ...indented(some(faults, showFault)),
    heading(unused.length, 'classes without a box in the training part'),
    ...indented(some(unused, (name) => name)),
    heading(repeated.length, 'images with a box that stands there twice'),
    ...indented(some(repeated, ({ path, boxes }) => `${path}: ${boxes}`)),
    heading(duplicates.length, 'groups of images that are the same file'),
    ...indented(some(duplicates, (paths) => paths.join(' = '))),
    heading(leaks.length, 'images of the training part that are in the validation part too'),
    ...indented(some(leaks, ({ train, valid }) => `${train.join(' = ')} -> ${valid.join(' = ')}`)),
    ...(alike ? alikeLines(alike).flatMap(([head, lines]) => [head, ...indented(lines)]) : []),
  ];
};
