export * from '../formats/index.ts';
export { readCocoDocument, readCocoInstances, readCocoResults, writeCocoInstances, writeCocoResults } from './coco.ts';
export { readDarknetLabels, writeDarknetLabels } from './darknet.ts';
export type { VocLayout } from './voc.ts';
export { readVocAnnotations, readVocDetections, writeVocDetections } from './voc.ts';
