import * as T from '../../packages/tensor/src/index.ts';
import { generate, refusals } from './generate.ts';
import { judge } from './judge.ts';
import { print } from './print.ts';
import type { Program } from './program.ts';
import { shrink } from './shrink.ts';

const [seed, from, count, threads, secs = 5, maxFail = 20] = process.argv.slice(2).map(Number);
const open = (t: number) => T.openWasm({ threads: t });
let d = await open(threads);
let [right, invalid, wrong, compared, free] = [0, 0, 0, 0, 0];
const cls = (s: string) => (/element/.test(s) ? 'number' : s.replace(/[\d.]+/g, '#').slice(0, 50));
const t0 = performance.now();
const known = new Set<string>();
for (let i = from; i < from + count; i++) {
  const p = generate(seed, i, { device: { name: 'wasm', threads } });
  const v = await judge(d, p);
  if (v.kind === 'right') {
    right++;
    compared += v.compared;
    free += v.free;
  } else if (v.kind === 'invalid') {
    invalid++;
    console.log('INVALID', i, v.reason);
  } else {
    wrong++;
    await d.close();
    const want = cls(v.reason);
    const small = await shrink(
      p,
      async (q: Program) => {
        const e = await open(q.device.threads);
        const r = await judge(e, q);
        await e.close();
        return r.kind === 'wrong' && cls(r.reason) === want;
      },
      secs,
    );
    const e = await open(small.device.threads);
    const r = await judge(e, small);
    await e.close();
    const sig =
      small.statements
        .map((s) => (s.kind === 'call' ? (typeof s.f === 'string' ? s.f : '?') : s.kind))
        .filter((x) => x !== 'source')
        .join(' ') + (small.gradient?.form ?? '');
    console.log(
      'WRONG',
      i,
      v.reason,
      '\n  shrunk:',
      r.kind === 'right' ? 'ONLY AFTER OTHERS' : (r as any).reason,
      '|',
      sig,
    );
    if (!known.has(sig)) console.log(print(small).replace(/^/gm, '    '));
    known.add(sig);
    d = await open(threads);
    if (wrong >= maxFail) break;
  }
}
console.log({ right, invalid, wrong, compared, free, ms: performance.now() - t0 });
console.log([...refusals].sort((a, b) => b[1] - a[1]).slice(0, 30));
await d.close();
