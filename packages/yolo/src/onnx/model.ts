/** ONNX's messages (onnx.proto, IR version 7, operator set 13), as far as a network needs them, and their encoding. */
import { bytes, encoded, float, type Message, message, nested, text, whole } from './protobuf.ts';

/** A whole number, a decimal (`{ float }`), a word or whole numbers. */
export type Attribute = number | { readonly float: number } | string | readonly number[];

export type Node = {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
};

/** Constants of a graph: weights, or the whole numbers that shape operators take. */
export type Constant = {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array | BigInt64Array;
};

/** A named size is one that the user of the model chooses. */
export type ValueInfo = { readonly name: string; readonly shape: readonly (number | string)[] };

export type Graph = {
  readonly name: string;
  readonly nodes: readonly Node[];
  readonly constants: readonly Constant[];
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
};

export type Model = {
  readonly graph: Graph;
  readonly producer: string;
  readonly metadata: Readonly<Record<string, string>>;
};

const irVersion = 7;
const operatorSet = 13;

const dataTypes = { float: 1, int64: 7 } as const;
const attributeTypes = { float: 1, int: 2, string: 3, ints: 7 } as const;

const attribute = (name: string, value: Attribute): Message => {
  const type = (kind: keyof typeof attributeTypes) => whole(20, attributeTypes[kind]);
  if (typeof value === 'number') return message(text(1, name), whole(3, value), type('int'));
  if (typeof value === 'string') return message(text(1, name), text(4, value), type('string'));
  return 'float' in value
    ? message(text(1, name), float(2, value.float), type('float'))
    : message(text(1, name), ...value.map((item) => whole(8, item)), type('ints'));
};

const node = ({ op, inputs, outputs, attributes }: Node): Message =>
  message(
    ...inputs.map((name) => text(1, name)),
    ...outputs.map((name) => text(2, name)),
    text(3, outputs[0] ?? op),
    text(4, op),
    ...Object.entries(attributes).map(([name, value]) => nested(5, attribute(name, value))),
  );

/** The file is little-endian, as every machine that runs this is. */
const raw = ({ buffer, byteOffset, byteLength }: Constant['values']): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

const constant = ({ name, shape, values }: Constant): Message =>
  message(
    ...shape.map((size) => whole(1, size)),
    whole(2, values instanceof Float32Array ? dataTypes.float : dataTypes.int64),
    text(8, name),
    bytes(9, raw(values)),
  );

const valueInfo = ({ name, shape }: ValueInfo): Message => {
  const sizes = shape.map((size) => nested(1, typeof size === 'number' ? whole(1, size) : text(2, size)));
  const tensor = message(whole(1, dataTypes.float), nested(2, message(...sizes)));
  return message(text(1, name), nested(2, nested(1, tensor)));
};

const graph = ({ name, nodes, constants, inputs, outputs }: Graph): Message =>
  message(
    ...nodes.map((item) => nested(1, node(item))),
    text(2, name),
    ...constants.map((item) => nested(5, constant(item))),
    ...inputs.map((item) => nested(11, valueInfo(item))),
    ...outputs.map((item) => nested(12, valueInfo(item))),
  );

/** The bytes of a `.onnx` file. */
export const encodeModel = (model: Model): Uint8Array =>
  encoded(
    message(
      whole(1, irVersion),
      text(2, model.producer),
      nested(7, graph(model.graph)),
      nested(8, message(text(1, ''), whole(2, operatorSet))),
      ...Object.entries(model.metadata).map(([key, value]) => nested(14, message(text(1, key), text(2, value)))),
    ),
  );
