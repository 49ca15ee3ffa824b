/** A Vitest reporter: how many tests passed, failed and were skipped, and everything that failed, as JSON in $GDARKNET_TEST_REPORT. */
import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';

const told = (title, errors) => `${title}\n${errors.map(({ stack, message }) => stack ?? message).join('\n')}`;

/** @implements {import('vitest/reporters').Reporter} */
export default class TestReport {
  onTestRunEnd(modules, unhandled) {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    const failures = [];
    for (const module of modules) {
      const file = relative(process.cwd(), module.moduleId);
      for (const test of module.children.allTests()) {
        const { state, errors } = test.result();
        count[state]++;
        if (state === 'failed') failures.push(told(`${file} > ${test.fullName}`, errors));
        if (state === 'pending') failures.push(`${file} > ${test.fullName}\ndid not end`);
      }
      // What fails around the tests: a file that cannot be loaded, a hook.
      const around = [module, ...module.children.allSuites()].filter((part) => part.errors().length > 0);
      for (const part of around)
        failures.push(told(part === module ? file : `${file} > ${part.fullName}`, part.errors()));
      count.failed += around.length;
    }
    if (unhandled.length > 0) failures.push(told('outside of every test', unhandled));
    const { passed, failed, skipped, pending } = count;
    const report = { passed, failed: failed + pending + Math.sign(unhandled.length), skipped, failures };
    writeFileSync(process.env.GDARKNET_TEST_REPORT, JSON.stringify(report));
  }
}
