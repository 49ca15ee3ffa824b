/** The suite in a page of a browser: `window.conformance(name)` gives what failed. */
import { openDevice, openReference } from '../index.ts';
import { type ConformanceOptions, cases, failureOf } from './cases.ts';

export type PageReport = { readonly description: string; readonly ran: number; readonly failures: readonly string[] };

const run = async (name: 'wasm' | 'webgpu', options: ConformanceOptions, threads: number): Promise<PageReport> => {
  const device = await openDevice(name, { threads });
  const oracle = openReference();
  const failures: string[] = [];
  for (const one of cases) {
    const failure = await failureOf(device, oracle, one, options);
    if (failure !== undefined) failures.push(`${one.name}: ${failure}`);
  }
  await device.close();
  return { description: device.description, ran: cases.length, failures };
};

Object.assign(globalThis, { conformance: run });
