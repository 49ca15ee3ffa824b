export * as check from './check.ts';
export type { Buffer, CompileOptions, Device, Executable, Run, Stored } from './device.ts';
export { ArgumentError, TensorError } from './errors.ts';
export { type Check, NonFiniteError } from './finite.ts';
export { type Graph, graphOf, type Node, visit } from './graph.ts';
export {
  type Deferred,
  defer,
  evaluate,
  type Fetched,
  type Fetching,
  fetch,
  type JitOptions,
  type Jitted,
  jit,
  type Read,
  read,
  type Stage,
} from './jit.ts';
export { DeviceClosedError, DeviceLostError } from './life.ts';
export {
  type BinaryKind,
  binaryKinds,
  type ConvAttributes,
  isElementwise,
  type Op,
  type OpKind,
  type OpOf,
  type Padding,
  type Pair,
  type PoolAttributes,
  stopMark,
  type Tag,
  type UnaryKind,
  unaryKinds,
} from './op.ts';
export { type DeviceName, deviceNames, type OpenOptions, openDevice } from './open.ts';
export * from './ops/composed.ts';
export { type ConvOptions, conv2d, conv2dFilter, conv2dInput, type MatmulOptions, matmul } from './ops/contraction.ts';
export {
  abs,
  add,
  atan,
  cast,
  cos,
  div,
  equal,
  exp,
  floor,
  greater,
  less,
  log,
  maximum,
  minimum,
  mul,
  neg,
  type Operand,
  select,
  sin,
  sqrt,
  sub,
  tag,
} from './ops/elementwise.ts';
export { expm1, log1p, logSoftmax, logSumExp, sigmoid, softmax, tanh } from './ops/exponential.ts';
export {
  broadcastTo,
  concat,
  gather,
  type PadOptions,
  pad,
  reshape,
  scatterAdd,
  slice,
  sliceAxis,
  transpose,
} from './ops/movement.ts';
export { maxPool2d, maxPool2dGrad, type PoolOptions } from './ops/pool.ts';
export { iota, key, normal, randomBits, splitKey, uniform } from './ops/random.ts';
export { max, mean, moments, type ReduceOptions, sum } from './ops/reduce.ts';
export { type Printed, type PrintOptions, print, silently } from './print.ts';
export { chromeTrace, type ProfileEvent, type ProfileRow, profileRows, profileTable } from './profile.ts';
export { openReference, type ReferenceOptions } from './reference/device.ts';
export { type DType, type HostArray, type Shape, ShapeError, sameShape, sizeOf, stridesOf } from './shape.ts';
export { free } from './stored.ts';
export { input, inScope, node, scalar, type Tensor, tensor } from './tensor.ts';
export { leavesOf, mapTree, type Tree } from './tree.ts';
export type { Numbers, TensorData } from './values.ts';
export { openWasm } from './wasm/device.ts';
export { OutOfMemoryError } from './wasm/heap.ts';
export type { WasmOptions } from './wasm/options.ts';
export { type AdapterFacts, listAdapterFacts } from './webgpu/adapter.ts';
export { NoAdapterError, TooLargeError } from './webgpu/errors.ts';
export type { WebGpuOptions } from './webgpu/options.ts';
