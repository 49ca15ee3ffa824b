export * from './fault.ts';
export * from './file.ts';
export * from './image/decode.ts';
export * from './image/encode.ts';
export * from './image/image.ts';
export * from './image/letterbox.ts';
export * from './image/resize.ts';
