/** `gdarknet devices`: what there is to compute with. */
import { reasonOf } from '@gdarknet/data';
import { type AdapterFacts, listAdapterFacts } from '@gdarknet/tensor';
import * as E from 'fp-ts/lib/Either.js';
import { command } from '../arguments/command.ts';
import { json } from '../arguments/shared-options.ts';
import type { Context } from '../core/context.ts';
import { showFailure } from '../core/failure.ts';
import { type DeviceChoice, deviceNames, deviceOptions, openChosen } from '../inputs/device.ts';

type Row = {
  readonly name: string;
  readonly available: boolean;
  readonly description: string;
  /** Graphics cards, in the order of --adapter. */
  readonly adapters?: readonly AdapterFacts[];
};

/** Emulated adapters are told, and never taken by `auto`. */
const probeGpus = async (): Promise<Row> => {
  try {
    const adapters = await listAdapterFacts();
    const real = adapters.some(({ emulated }) => !emulated);
    const description = adapters.length === 0 ? 'no adapter: no graphics driver was found' : 'by --device webgpu';
    return { name: 'webgpu', available: adapters.length > 0, description: real ? 'WebGPU' : description, adapters };
  } catch (error) {
    return { name: 'webgpu', available: false, description: reasonOf(error) };
  }
};

const probe = async (choice: DeviceChoice): Promise<Row> => {
  const name = choice.device;
  if (name === 'webgpu') return probeGpus();
  const opened = await openChosen(choice)();
  if (E.isLeft(opened)) return { name, available: false, description: showFailure(opened.left).join('; ') };
  const { description } = opened.right;
  await opened.right.close();
  return { name, available: true, description };
};

const show = (rows: readonly Row[], { print }: Context): void => {
  const best = ({ available, adapters }: Row) => available && (adapters?.some(({ emulated }) => !emulated) ?? true);
  const auto = rows.find(best)?.name;
  for (const { name, available, description, adapters = [] } of rows) {
    print(`${name.padEnd(10)} ${available ? 'yes' : 'no '}  ${description}${name === auto ? '  (auto)' : ''}`);
    adapters.forEach(({ name, emulated, limits, features }, i) => {
      print(`  --adapter ${i}: ${name}${emulated ? ', emulated on the processor' : ''}`);
      for (const [limit, value] of Object.entries(limits)) print(`    ${limit} ${value}`);
      print(`    features: ${features.join(', ') || 'none'}`);
    });
  }
};

export const devices = command({
  path: ['devices'],
  product: 'stdout',
  summary: 'List the devices that can compute here, and which one auto takes.',
  positionals: {},
  options: { threads: deviceOptions.threads, json },
  run:
    ({ threads, json }, context) =>
    async () => {
      const rows: Row[] = [];
      for (const device of deviceNames) rows.push(await probe({ device, threads }));
      if (json) context.print(JSON.stringify(rows));
      else show(rows, context);
      return E.right(undefined);
    },
});
