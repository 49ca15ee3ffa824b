export * from './map-log.ts';
export * from './train-log.ts';
