/** What is long by nature, one after the other; ends with a line for each and with status 1 when one has failed. */
import { bin, run, setup } from './setup.mjs';

setup();
const npm = (...args) => ['npm', ['run', '--silent', ...args]];

const works = [
  ['an hour of random tensor programs', ...npm('fuzz:tensor', '--', '--minutes', '60')],
  ['each fault of tensors put back', ...npm('fuzz:tensor', '--', '--put-back')],
  ['random evaluations', ...npm('fuzz:metrics')],
  ['each fault of evaluations put back', ...npm('fuzz:metrics', '--', '--put-back', 'all')],
  ['5,000 keys of cfgs flipped', bin('vitest'), ['run', 'packages/yolo/src/testing/slow'], { FLIPS: '5000' }],
];

const ended = works.map(([name, command, args, env = {}]) => {
  console.log(`\n--- ${name}`);
  const from = Date.now();
  const status = run(command, args, { stdout: 1, env });
  return { name, status, minutes: Math.round((Date.now() - from) / 60_000) };
});
for (const { name, status, minutes } of ended)
  console.log(`${status === 0 ? 'passed' : 'FAILED'}: ${name}, ${minutes} minutes`);
process.exit(ended.every(({ status }) => status === 0) ? 0 : 1);
