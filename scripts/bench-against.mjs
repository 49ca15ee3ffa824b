/**
 * Two checkouts of this repository on the same networks, in turns: each case runs in three processes, one of this checkout
 * and, opened before and after it, two of the other, whose difference is the machine's own noise.
 */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { node } from './setup.mjs';

const cases = {
  inference: ['yolov3-tiny', 'yolov3', 'yolo-fastest-1.1'],
  training: ['yolov3-tiny'],
};

/** A timer under way, or undefined where it cannot begin (a network whose cfg is not at hand). */
const open = async (file, args) => {
  const child = spawn(node, [file, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let complaint = '';
  child.stderr.on('data', (text) => {
    complaint += text;
  });
  const { value } = await lines.next();
  if (value !== 'ready') return { complaint };
  const ask = async () => {
    child.stdin.write('\n');
    return Number((await lines.next()).value);
  };
  return { ask, close: () => child.kill() };
};

const sorted = (values) => [...values].sort((a, b) => a - b);
const median = (values) => sorted(values)[values.length >> 1];
/** The middle half, as a part of the median. */
const spread = (values) => {
  const all = sorted(values);
  return (all[Math.floor(all.length * 0.75)] - all[Math.floor(all.length * 0.25)]) / median(all);
};
const percent = (x) => `${(100 * x).toFixed(1)} %`;

export const benchAgainst = async ({ ours, theirs, args }) => {
  const { values } = parseArgs({
    args,
    options: {
      against: { type: 'string' },
      only: { type: 'string', default: 'inference,training' },
      threads: { type: 'string', default: '1,2' },
      rounds: { type: 'string', default: '9' },
      json: { type: 'string' },
    },
  });
  const rows = [];
  console.log(`Medians of ${values.rounds} rounds, this checkout and ${values.against}; spread is the middle half`);
  for (const threads of values.threads.split(','))
    for (const kind of values.only.split(','))
      for (const network of cases[kind] ?? []) {
        const name = `${network} ${kind}, ${threads} thread${threads === '1' ? '' : 's'}`;
        const timers = [];
        for (const file of [theirs, ours, theirs]) timers.push(await open(file, [kind, network, threads]));
        const stuck = timers.find(({ complaint }) => complaint !== undefined);
        if (stuck) {
          console.log(`${name}: left out: ${stuck.complaint.trim().split('\n').at(-1)}`);
          for (const timer of timers) timer.close?.();
          continue;
        }
        const times = timers.map(() => []);
        for (let round = 0; round < Number(values.rounds); round++)
          for (let k = 0; k < timers.length; k++) {
            // Whoever comes first differs from round to round.
            const i = (k + round) % timers.length;
            times[i].push(await timers[i].ask());
          }
        for (const timer of timers) timer.close();
        const [before, mine, after] = times.map(median);
        // A process that is opened later may be the faster one: the middle of the two is free of that.
        const other = (before + after) / 2;
        const row = {
          name,
          peer: 'the other checkout',
          threads: Number(threads),
          ours: mine,
          theirs: other,
          unit: 'ms',
          ratio: mine / other,
          control: after / before,
          spreads: times.map(spread),
        };
        rows.push(row);
        console.log(
          `${name.padEnd(42)} ${mine.toFixed(1).padStart(8)} ${other.toFixed(1).padStart(8)} ms  ratio ${row.ratio.toFixed(3)}  control ${row.control.toFixed(3)}  spreads ${row.spreads.map(percent).join(', ')}`,
        );
      }
  if (values.json) writeFileSync(values.json, `${JSON.stringify(rows, null, 1)}\n`);
  return 0;
};
