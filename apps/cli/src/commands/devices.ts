/** `gdarknet devices`: what there is to compute with. */
import * as E from 'fp-ts/lib/Either.js';
import { command } from '../arguments/command.ts';
import type { Context } from '../context.ts';
import { showFailure } from '../failure.ts';
import { type DeviceChoice, deviceNames, deviceOptions, openChosen } from '../inputs/device.ts';
import { json } from './shared-options.ts';

type Row = { readonly name: string; readonly available: boolean; readonly description: string };

const probe = async (choice: DeviceChoice): Promise<Row> => {
  const name = choice.device;
  const opened = await openChosen(choice)();
  if (E.isLeft(opened)) return { name, available: false, description: showFailure(opened.left).join('; ') };
  const { description } = opened.right;
  await opened.right.close();
  return { name, available: true, description };
};

const show = (rows: readonly Row[], { print }: Context): void => {
  const auto = rows.find(({ available }) => available)?.name;
  for (const { name, available, description } of rows) {
    print(`${name.padEnd(10)} ${available ? 'yes' : 'no '}  ${description}${name === auto ? '  (auto)' : ''}`);
  }
};

export const devices = command({
  path: ['devices'],
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
