/**
 * Everything that must hold, in one command: types, lint, dependency directions, unit + conformance + golden tests, and the
 * packed packages. Ends with `N passed, N failed, N skipped`.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { bin, root, run, setup } from './setup.mjs';

setup();
// Scripts below run on the repository's own Node; the packages must also load on the caller's.
process.env.GDARKNET_NODE ??= process.execPath;
const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const totals = { passed: 0, failed: 0, skipped: 0 };
/** Said again at the end, where it is looked for. */
const failures = [];

const check = (name, command, args) => {
  console.log(`\n--- ${name}`);
  const status = run(command, args, { stdout: 1 });
  totals[status === 0 ? 'passed' : 'failed']++;
  if (status !== 0) failures.push(`${name} (exit ${status})`);
  return status === 0;
};

check('types', bin('tsc'), ['-p', 'tsconfig.json']);
check('lint and format', bin('biome'), ['check', '.']);
check('dependency directions and cycles', bin('depcruise'), [
  '--config',
  '.dependency-cruiser.cjs',
  'packages',
  'apps',
]);

console.log('\n--- unit, conformance and golden tests');
// Everything the tests leave behind lies in one folder, which goes when they end.
const scratch = mkdtempSync(join(tmpdir(), 'gdarknet-tests-'));
const report = join(scratch, 'report.json');
const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
const before = failures.length;
const status = run(bin('vitest'), ['run', ...reporters], { stdout: 1, env: { TMPDIR: scratch } });
try {
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(
    readFileSync(report, 'utf8'),
  );
  totals.passed += numPassedTests;
  totals.failed += numFailedTests;
  totals.skipped += numPendingTests + numTodoTests;
  for (const { name, status, message, assertionResults } of testResults) {
    const file = relative(root, name);
    const failed = assertionResults.filter((test) => test.status === 'failed');
    for (const test of failed) failures.push(`${file} > ${test.fullName}\n${test.failureMessages.join('\n')}`);
    // A file that cannot be loaded has no tests to fail.
    if (status === 'failed' && failed.length === 0) {
      totals.failed++;
      failures.push(`${file}\n${message}`);
    }
  }
  if (status !== 0 && failures.length === before) {
    totals.failed++;
    failures.push(`the test runner (exit ${status})`);
  }
} catch {
  totals.failed++;
  failures.push(`the test runner left no report (exit ${status})`);
}
rmSync(scratch, { recursive: true, force: true });

if (check('build', 'npx', ['--yes', packageManager, '-r', '--workspace-concurrency=1', 'run', 'build'])) {
  check('packed packages (publint, attw, ESM and CJS, oldest Node)', bin('node'), ['scripts/packages.mjs']);
}

for (const failure of failures) console.log(`\nFAILED: ${failure}`);
console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
process.exit(totals.failed === 0 ? 0 : 1);
