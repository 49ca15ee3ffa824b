/** Bundles both pages into a folder. */
export const bundleExamples: (folder: string) => Promise<void>;
