import { defineConfig } from 'tsup';

/** The build of every library package: ESM and CJS with types from one entry table (name -> source file). */
export const library = (entry: Record<string, string>) =>
  defineConfig({
    entry,
    format: ['esm', 'cjs'],
    dts: true,
    clean: true,
    sourcemap: true,
    splitting: true,
    treeshake: true,
    shims: true,
    target: 'es2022',
    esbuildOptions: (options) => {
      options.conditions = ['import'];
    },
  });
