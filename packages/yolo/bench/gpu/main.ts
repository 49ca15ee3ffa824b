/**
 * The webgpu device: what the adapter is, whether its results are right, how fast it is, and how fast PyTorch is on the same
 * card in the same run. `pnpm bench:gpu [--tiny] [--device name] [--peer cuda|cpu|none] [--rounds 9] [--budget seconds]
 * [--json file] [--markdown file] [--profile file] [--real]`; `--device` is a part of the adapter's name or its index,
 * `--profile` tells where the time of each network goes (not of tiny ones), `--real` takes no emulated adapter. Ends with 1 when a result is
 * wrong, before any speed is told; also with 1 when the device refused or failed some of the work, and with 3 when there is no
 * adapter.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type AdapterFacts, type Device, listAdapterFacts, type OpenOptions, openDevice } from '@gdarknet/tensor';
import { startClock } from './clock.ts';
import type { Check } from './comparison.ts';
import { checksOf } from './correctness.ts';
import { describeMachine, machineOf } from './machine.ts';
import { networkRows, ownPrecisions, precisionsFor, productOf, replayOf, type Sides } from './measurements.ts';
import { checkedFor, type Sizes, sizesFor } from './networks.ts';
import { profile } from './profile.ts';
import { checkLine, markdown, type Peak, peakLine, type Report, rowHead, rowLines, withShares } from './report.ts';
import { measure, measureAll, type Precision } from './speed.ts';
import { openTorch } from './torch.ts';

const { values } = parseArgs({
  options: {
    tiny: { type: 'boolean', default: false },
    device: { type: 'string' },
    peer: { type: 'string', default: 'cuda' },
    rounds: { type: 'string', default: '9' },
    budget: { type: 'string', default: '540' },
    json: { type: 'string' },
    markdown: { type: 'string' },
    profile: { type: 'string' },
    real: { type: 'boolean', default: false },
    /** For the bench's own test: spoils what the device gives, so that the checks must fail. */
    fault: { type: 'boolean', default: false },
  },
});
const clock = startClock(Number(values.budget));

/** The adapter that `openDevice` takes for the same word. */
const adapterFor = (all: readonly AdapterFacts[], wanted: string | undefined): AdapterFacts | undefined =>
  wanted === undefined
    ? all[0]
    : (all[/^\d+$/.test(wanted) ? Number(wanted) : -1] ??
      all.find(({ name, vendor, architecture }) =>
        `${name} ${vendor} ${architecture}`.toLowerCase().includes(wanted.toLowerCase()),
      ));

const checkAll = async (sides: Sides, sizes: Sizes): Promise<readonly Check[]> => {
  const checks: Check[] = [];
  const precisions = ownPrecisions(sides.adapter);
  for (const subject of checkedFor(sizes)) {
    // A network's own: large ones fill its memory.
    const oracle = await openDevice('wasm');
    if (checks.length === 0) console.log(`\nagainst ${oracle.description}`);
    for (const precision of precisions) {
      for await (const check of checksOf(sides, oracle, subject, precision, values.fault)) {
        checks.push(check);
        console.log(checkLine(check));
      }
    }
    await oracle.close();
  }
  return checks;
};

/** The peak of arithmetic, and what a kernel costs the processor. */
const measureBasics = async (sides: Sides, sizes: Sizes, precisions: readonly Precision[], rounds: number) => {
  const peaks: Peak[] = [];
  for (const precision of precisions) {
    const row = await measure(productOf(sides, sizes, precision), rounds, clock.deadline(20));
    peaks.push({ name: row.name, precision, ours: row.oursRate, theirs: row.theirsRate });
    console.log(peakLine(peaks[peaks.length - 1]));
    if (precision !== 'f32') for (const note of row.notes) console.log(`    ${note}`);
  }
  const { enqueue } = await measure(replayOf(sides, sizes), rounds, clock.deadline(20));
  const dispatch = enqueue === null ? null : (1000 * enqueue) / sizes.replay;
  if (dispatch !== null) console.log(`a kernel of a replay costs the processor ${dispatch.toFixed(1)} us`);
  return { peaks, dispatch };
};

const bench = async (adapter: AdapterFacts): Promise<boolean> => {
  const isTiny = values.tiny || adapter.emulated;
  const sizes = sizesFor(isTiny);
  const precisions = precisionsFor(adapter, isTiny);
  const rounds = isTiny ? Math.min(3, Number(values.rounds)) : Number(values.rounds);
  const torch = values.peer === 'none' ? 'left out (--peer none)' : await openTorch(values.peer);
  const machine = machineOf(adapter, typeof torch === 'string' ? `not found: ${torch}` : torch.description);
  for (const line of describeMachine(machine)) console.log(line);
  if (isTiny) console.log(`tiny sizes: ${values.tiny ? 'asked for (--tiny)' : 'the adapter is emulated'}`);
  const optionsFor = (precision: Precision): OpenOptions => ({
    precision,
    ...(values.device !== undefined && { adapter: values.device }),
  });
  const openOwn = (precision: Precision) => openDevice('webgpu', optionsFor(precision));
  // A processor takes long to compile kernels: then one device of each precision, which keeps them, serves everyone.
  const common = new Map<Precision, Device>();
  for (const precision of ownPrecisions(adapter)) {
    const device = await openOwn(precision);
    console.log(`${precision}       ${device.description}`);
    if (isTiny) common.set(precision, device);
    else await device.close();
  }
  const open = async (precision: Precision): Promise<Device> => {
    const device = common.get(precision);
    return device ? { ...device, close: async () => {} } : openOwn(precision);
  };
  const oracle = await openDevice('wasm');
  const sides: Sides = { open, adapter, torch };
  try {
    const checks = await checkAll(sides, sizes);
    if (checks.some(({ passed, refused }) => !passed && refused === undefined)) {
      console.log('\nThe results above are wrong: no speed is told.');
      return false;
    }
    console.log(`\nfigures are medians of ${rounds} rounds`);
    const { peaks, dispatch } = await measureBasics(sides, sizes, precisions, rounds);
    const list = await networkRows(sides, oracle, sizes, precisions);
    console.log(`\n${rowHead}`);
    const known = typeof torch === 'string' ? `theirs not found: ${torch}` : undefined;
    const rows: Report['rows'][number][] = [];
    /** After every row: what is known outlives whatever ends the bench. */
    const write = (complete: boolean): void => {
      const sized = isTiny ? 'tiny' : 'full';
      const report: Report = { machine, sizes: sized, checks, peaks, dispatch, rows, complete, seconds: clock.spent() };
      if (values.json) writeFileSync(values.json, `${JSON.stringify(report, null, 1)}\n`);
      if (values.markdown) writeFileSync(values.markdown, markdown(report));
    };
    for await (const row of measureAll(list, rounds, clock)) {
      rows.push(withShares(row, peaks));
      for (const line of rowLines(rows[rows.length - 1], known)) console.log(line);
      write(rows.length === list.length);
    }
    if (values.profile && !isTiny)
      await profile(values.profile, ownPrecisions(adapter).map(optionsFor), oracle, sizes, clock);
    console.log(`\n${clock.spent().toFixed(0)} s`);
    return checks.every(({ passed }) => passed) && rows.every(({ failed }) => !failed);
  } finally {
    if (typeof torch !== 'string') torch.close();
    await oracle.close();
    for (const device of common.values()) await device.close();
  }
};

const adapters = (await listAdapterFacts()).filter(({ emulated }) => !(emulated && values.real));
const adapter = adapterFor(adapters, values.device);
if (adapter) process.exitCode = (await bench(adapter)) ? 0 : 1;
else {
  const wanted = values.device === undefined ? 'an adapter' : `an adapter "${values.device}"`;
  console.log(`not found: ${wanted} for WebGPU${values.real ? ' that is not emulated' : ''}`);
  process.exitCode = 3;
}
