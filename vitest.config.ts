import { defineConfig } from 'vitest/config';
import { projectNames, testsByProject } from './test/projects.ts';

const conditions = ['@gdarknet/source', 'module', 'node', 'import', 'default'];
const tests = testsByProject();

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    execArgv: ['--conditions=@gdarknet/source'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    projects: projectNames.map((name) => ({ extends: true, test: { name, include: [...tests[name]] } })),
  },
});
