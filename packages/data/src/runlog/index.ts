export * from './mapLog.ts';
export * from './trainLog.ts';
