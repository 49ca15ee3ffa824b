/**
 * The webgpu device: what the adapter is, whether its results are right, how fast it is, and how fast PyTorch is on the same
 * card in the same run. `pnpm bench:gpu [--tiny] [--device name] [--rounds 9] [--budget seconds] [--json file]
 * [--markdown file]`; `--device` is a part of the adapter's name or its index. Ends with 1 when a result is wrong, before any
 * speed is told, and with 3 when there is no adapter.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type AdapterFacts, type Device, listAdapterFacts, openDevice } from '@gdarknet/tensor';
import { startClock } from './clock.ts';
import type { Check } from './comparison.ts';
import { openForward, openProduct, openReplay, openTraining } from './contestants.ts';
import { checksOf, type Prepared, prepare } from './correctness.ts';
import { describeMachine, machineOf } from './machine.ts';
import { cfgFor, type Sizes, sizesFor } from './networks.ts';
import { checkLine, markdown, type Peak, type Report, rowHead, rowLines, withShares } from './report.ts';
import { type Measurement, measure, measureAll } from './speed.ts';

const { values } = parseArgs({
  options: {
    tiny: { type: 'boolean', default: false },
    device: { type: 'string' },
    rounds: { type: 'string', default: '9' },
    budget: { type: 'string', default: '540' },
    json: { type: 'string' },
    markdown: { type: 'string' },
    /** For the bench's own test: spoils what the device gives, so that the checks must fail. */
    fault: { type: 'boolean', default: false },
  },
});

/** The adapter that `openDevice` takes for the same word. */
const adapterFor = (all: readonly AdapterFacts[], wanted: string | undefined): AdapterFacts | undefined =>
  wanted === undefined
    ? all[0]
    : (all[/^\d+$/.test(wanted) ? Number(wanted) : -1] ??
      all.find(({ name, vendor, architecture }) =>
        `${name} ${vendor} ${architecture}`.toLowerCase().includes(wanted.toLowerCase()),
      ));

const clock = startClock(Number(values.budget));
const adapter = adapterFor(await listAdapterFacts(), values.device);
if (!adapter) {
  console.log(`not found: ${values.device === undefined ? 'an adapter' : `an adapter "${values.device}"`} for WebGPU`);
  process.exitCode = 3;
} else await bench(adapter);

async function bench(facts: AdapterFacts): Promise<void> {
  const isTiny = values.tiny || facts.emulated;
  const sizes = sizesFor(isTiny);
  const rounds = isTiny ? Math.min(3, Number(values.rounds)) : Number(values.rounds);
  const machine = machineOf(facts, 'not found: left out');
  for (const line of describeMachine(machine)) console.log(line);
  if (isTiny) console.log(`tiny sizes${values.tiny ? '' : ', because the adapter is emulated'}`);
  const device = await openDevice('webgpu', values.device === undefined ? {} : { adapter: values.device });
  const oracle = await openDevice('wasm');
  try {
    console.log(`\nagainst ${oracle.description}`);
    const checks = await checkAll(device, oracle, sizes);
    if (checks.some(({ passed }) => !passed)) {
      console.log('\nThe results above are wrong: no speed is told.');
      process.exitCode = 1;
      return;
    }
    const { peaks, dispatch } = await basics(device, sizes, rounds);
    const list = await measurements(device, oracle, sizes);
    console.log(`\nmilliseconds, medians of ${rounds} rounds\n${rowHead}`);
    const rows: Report['rows'][number][] = [];
    for await (const row of measureAll(list, rounds, clock)) {
      rows.push(withShares(row, peaks));
      for (const line of rowLines(rows[rows.length - 1])) console.log(line);
    }
    const sized = isTiny ? 'tiny' : 'full';
    const report: Report = { machine, sizes: sized, checks, peaks, dispatch, rows, seconds: clock.spent() };
    if (values.json) writeFileSync(values.json, `${JSON.stringify(report, null, 1)}\n`);
    if (values.markdown) writeFileSync(values.markdown, markdown(report));
    console.log(`\n${clock.spent().toFixed(0)} s`);
  } finally {
    await device.close();
    await oracle.close();
  }
}

async function checkAll(device: Device, oracle: Device, { subjects }: Sizes): Promise<readonly Check[]> {
  const checks: Check[] = [];
  for (const subject of subjects) {
    for await (const check of checksOf(device, oracle, subject, values.fault)) {
      checks.push(check);
      console.log(checkLine(check));
    }
  }
  return checks;
}

/** The peak of arithmetic, and what a kernel costs the processor. */
async function basics(device: Device, { product, replay }: Sizes, rounds: number) {
  const none = () => 'left out';
  const row = await measure(
    {
      ...{ name: `product of ${product} x ${product}`, precision: 'f32', flops: 2 * product ** 3 },
      ...{ ours: () => openProduct(device, product), theirs: none },
    },
    rounds,
    clock.deadline(10),
  );
  const peaks: readonly Peak[] = [{ precision: row.precision, ours: row.oursRate, theirs: row.theirsRate }];
  for (const { precision, ours, theirs } of peaks)
    console.log(`\npeak ${precision}: ours ${rate(ours)}, theirs ${rate(theirs)}`);
  const small = await measure(
    { name: 'replay', precision: 'f32', flops: 0, ours: () => openReplay(device, replay), theirs: none },
    rounds,
    clock.deadline(10),
  );
  const dispatch = small.enqueue === null ? null : (1000 * small.enqueue) / replay;
  if (dispatch !== null) console.log(`a kernel of a replay costs the processor ${dispatch.toFixed(1)} us`);
  return { peaks, dispatch };
}

function rate(gflops: number | null): string {
  return gflops === null ? 'none' : `${gflops.toFixed(gflops < 100 ? 1 : 0)} GFLOP/s`;
}

/** In the order of the table. Weights are drawn once a network. */
async function measurements(device: Device, oracle: Device, { subjects }: Sizes): Promise<readonly Measurement[]> {
  const list: Measurement[] = [];
  for (const subject of subjects) {
    const { name, side } = subject;
    const prepared: Prepared = await prepare(oracle, subject, 1);
    const { plan, weights } = prepared;
    for (const batch of subject.forward) {
      list.push({
        ...{ name: `${name} forward, ${batch} at ${side}`, precision: 'f32', flops: batch * plan.flops },
        ours: () => openForward(device, plan, weights, batch),
        theirs: () => 'left out',
      });
    }
    for (const batch of subject.training) {
      const cfg = cfgFor(subject, batch);
      list.push({
        // The gradients by weights and by inputs cost a forward pass each.
        ...{ name: `${name} training step, ${batch} at ${side}`, precision: 'f32', flops: 3 * batch * plan.flops },
        ours: () => openTraining(device, cfg, plan, weights, batch),
        theirs: () => 'left out',
      });
    }
  }
  return list;
}
