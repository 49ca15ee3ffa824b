/**
 * Graph to program: elementwise chains fused, movement turned into strides, kernels in order, every value in its place.
 * Independent of the device.
 */
import type { CompileOptions } from '../device.ts';
import type { Graph, Node } from '../graph.ts';
import { hasRole, isElementwise, type KindOf, type OpOf } from '../op.ts';
import { type DType, type Shape, sizeOf } from '../shape.ts';
import { findEpilogues, readersOf } from './epilogues.ts';
import { boundAxes, instruction, literalExpression, moveAxis } from './expression.ts';
import { fuse, isComputed, isMovement } from './fuse.ts';
import { kernelStep } from './kernel-step.ts';
import { isVacuous, ofNothing } from './nothing.ts';
import { type Memory, place, type Unplaced } from './place.ts';
import type { Expression, Instruction, Place, Program, Step, ValueId, View } from './program.ts';
import { collapse, dense, isDense, moveWalk, sliceWalk, type Walk } from './view.ts';

export type PlanOptions = Pick<CompileOptions, 'donated' | 'stages'>;

type Access = { readonly base: number; readonly walk: Walk };
type OpenExpression = { loads: View[]; code: Instruction[] };

class Planner {
  private readonly graph: Graph;
  private readonly roots: readonly ReadonlySet<number>[];
  private readonly values: Unplaced[] = [];
  private readonly steps: Step[] = [];
  private readonly scopeOf = new Map<Step, string>();
  private scope: string | undefined;
  /** The value of a node that has one. */
  private readonly valueOf = new Map<number, ValueId>();
  /** Nodes whose value is a region of a larger one (parts of a concatenation). */
  private readonly regionOf = new Map<number, View>();
  /** Roots of expressions to the kernels that they finish, which wait for them. */
  private readonly finishes: ReadonlyMap<number, number>;
  private readonly waiting: ReadonlySet<number>;
  private readonly accesses = new Map<number, Access>();

  constructor(graph: Graph) {
    this.graph = graph;
    this.roots = fuse(graph);
    this.finishes = findEpilogues(graph, this.roots);
    this.waiting = new Set(this.finishes.values());
  }

  run(donated: readonly number[], stages: readonly number[]): Program {
    const { nodes, outputs } = this.graph;
    this.findRegions();
    for (const n of nodes) {
      this.scope = n.scope;
      this.emit(n);
    }
    const results = outputs.map((id, index) => this.result(id, index, outputs.indexOf(id) !== index));
    const { steps, ...placed } = place(this.values, this.steps, results, donated, stages);
    return { ...placed, steps, scopes: steps.map((step) => this.scopeOf.get(step)) };
  }

  // Values and memory

  private memory(bytes: number, place?: Place): Memory {
    return { bytes, place };
  }

  private value(shape: Shape, dtype: DType, memory = this.memory(sizeOf(shape) * 4)): ValueId {
    return (this.values.push({ shape, dtype, memory }) - 1) as ValueId;
  }

  private push(step: Step): void {
    this.steps.push(step);
    if (this.scope !== undefined) this.scopeOf.set(step, this.scope);
  }

  // Views

  /** The node that holds the values of `id`, and how to walk it; movement nodes are looked through where strides can. */
  private access(id: number): Access {
    const chain: number[] = [];
    for (let at = id; !this.accesses.has(at); [at] = this.graph.nodes[at].inputs) {
      chain.push(at);
      if (!isMovement(this.graph.nodes[at])) break;
    }
    for (const at of chain.reverse()) {
      const node = this.graph.nodes[at];
      this.accesses.set(at, (isMovement(node) && this.through(node)) || { base: at, walk: dense(node.shape) });
    }
    return this.accesses.get(id)!;
  }

  /** The access of a movement whose input has one. */
  private through(node: Node): Access | undefined {
    const from = this.graph.nodes[node.inputs[0]];
    const { base, walk } = this.accesses.get(from.id)!;
    const moved = moveWalk(node.op, walk, from.shape, node.shape);
    return moved && { base, walk: moved };
  }

  /** A view of a node; its base gets a value if it has none yet. */
  private view(id: number): View {
    const { base, walk } = this.access(id);
    const region = this.regionOf.get(base);
    if (region) throw new Error('a part of a concatenation has one reader');
    return { value: this.need(base), offset: walk.offset, strides: walk.strides };
  }

  /** The dense value of a node, copied out of a strided view if need be. */
  private need(id: number): ValueId {
    // A reshape that no strides can express has its input made dense first.
    const chain: number[] = [];
    let at = id;
    while (!this.valueOf.has(at)) {
      chain.push(at);
      const { base } = this.access(at);
      if (base !== at) at = base;
      else if (isMovement(this.graph.nodes[at])) [at] = this.graph.nodes[at].inputs;
      else break;
    }
    for (const next of chain.reverse()) {
      this.valueOf.set(next, this.dense(this.graph.nodes[next], at === next ? undefined : this.valueOf.get(at)!));
      at = next;
    }
    return this.valueOf.get(id)!;
  }

  /** The dense value of a node out of that of the node which it moves; without one it is a scalar that a kernel reads. */
  private dense(node: Node, source: ValueId | undefined): ValueId {
    if (source === undefined) {
      const made = this.value(node.shape, node.dtype);
      this.map(node, made);
      return made;
    }
    const { walk } = this.access(node.id);
    if (isDense(walk, node.shape) && sizeOf(node.shape) === sizeOf(this.values[source].shape))
      return this.value(node.shape, node.dtype, this.values[source].memory);
    const made = this.value(node.shape, node.dtype);
    this.copy(source, walk, node.shape, node.dtype, { value: made, ...dense(node.shape) });
    return made;
  }

  private copy(source: ValueId, walk: Walk, shape: Shape, dtype: DType, out: View): void {
    const expression = { loads: [{ value: source, ...walk }], code: [{ kind: 'load', load: 0, dtype } as const] };
    this.pushMap(shape, expression, out);
  }

  // Expressions

  /**
   * The lines that compute node `id` inside the step of `root`, inputs first; `accumulator` is the kernel's node in an
   * epilogue.
   */
  private expression(id: number, root = id, accumulator = -1): Expression {
    const open: OpenExpression = { loads: [], code: [] };
    const lines = new Map<number, number>();
    const stack = [{ id, next: 0 }];
    while (stack.length > 0) {
      const top = stack[stack.length - 1];
      const node = this.graph.nodes[top.id];
      const inlined = top.id !== accumulator && this.isInlined(node, root);
      const input = inlined ? node.inputs[top.next++] : undefined;
      if (input === undefined) {
        stack.pop();
        lines.set(top.id, open.code.push(this.line(node, inlined, open, lines, accumulator)) - 1);
      } else if (!lines.has(input)) stack.push({ id: input, next: 0 });
    }
    return open;
  }

  private isInlined(node: Node, root: number): boolean {
    return isComputed(node) && (node.id === root || (this.roots[node.id].has(root) && !this.valueOf.has(node.id)));
  }

  private line(
    node: Node,
    inlined: boolean,
    { loads }: OpenExpression,
    lines: ReadonlyMap<number, number>,
    accumulator: number,
  ): Instruction {
    const { id, dtype } = node;
    if (id === accumulator) return { kind: 'accumulator', dtype };
    if (inlined)
      return instruction(
        node,
        node.inputs.map((i) => lines.get(i)!),
      );
    const literal = this.literal(id);
    if (literal !== undefined) return { kind: 'literal', value: literal, dtype };
    return { kind: 'load', load: loads.push(this.view(id)) - 1, dtype };
  }

  /** The one value of a stretched scalar constant. */
  private literal(id: number): number | undefined {
    const { op } = this.graph.nodes[this.access(id).base];
    return op.kind === 'constant' && op.data.length === 1 ? op.data[0] : undefined;
  }

  private map(node: Node, out: ValueId): void {
    const literal = this.literal(node.id);
    const expression =
      literal !== undefined
        ? { loads: [], code: [{ kind: 'literal', value: literal, dtype: node.dtype } as const] }
        : this.expression(node.id);
    this.pushMap(node.shape, expression, { value: out, ...dense(node.shape) });
  }

  private pushMap(shape: Shape, { loads, code }: Expression, out: View): void {
    if (sizeOf(shape) === 0) return;
    const bound = boundAxes(code);
    const folded = collapse(shape, [...loads, out], bound);
    const walks = folded.walks.map((walk, i) => ({ value: [...loads, out][i].value, ...walk }));
    this.push({
      kind: 'map',
      shape: folded.shape,
      expression: { loads: walks.slice(0, -1), code: code.map((line) => moveAxis(line, folded.axisOf)) },
      out: walks[walks.length - 1],
    });
  }

  // Steps

  /** A computed part that only one concatenation reads is written straight into its place there. */
  private findRegions(): void {
    const { nodes, outputs } = this.graph;
    const readers = readersOf(this.graph);
    for (const n of nodes) {
      if (n.op.kind !== 'concat') continue;
      const { axis } = n.op;
      const out = this.value(n.shape, n.dtype);
      this.valueOf.set(n.id, out);
      const whole = dense(n.shape);
      let start = 0;
      for (const part of n.inputs) {
        const direct = isComputed(nodes[part]) && readers[part].length === 1 && !outputs.includes(part);
        const region = { value: out, offset: start * whole.strides[axis], strides: whole.strides };
        if (direct && !this.finishes.has(part)) this.regionOf.set(part, region);
        start += nodes[part].shape[axis];
      }
    }
  }

  private emit(node: Node): void {
    const { op } = node;
    if (this.waiting.has(node.id) || hasRole(op, 'movement')) return;
    switch (op.kind) {
      case 'input':
        this.bind(node, { kind: 'argument', index: op.index });
        return;
      case 'stored':
        this.bind(node, { kind: 'stored', stored: op.value });
        return;
      case 'constant':
        if (op.data.length !== 1) this.bind(node, { kind: 'constant', data: op.data });
        return;
      case 'concat':
        this.emitConcat(node, op.axis);
        return;
      case 'pad':
        this.emitPad(node, op);
        return;
      default:
        if (isElementwise(op) || hasRole(op, 'position')) this.emitComputed(node);
        else if (sizeOf(node.shape) === 0) this.valueOf.set(node.id, this.value(node.shape, node.dtype));
        else if (isVacuous(node, this.graph)) this.emitLiteral(node, ofNothing(op));
        else if (hasRole(op, 'fold')) this.emitFold(node, op);
        else if (hasRole(op, 'kernel')) this.emitKernel(node, op);
        else op satisfies never;
    }
  }

  private bind(node: Node, place: Place): void {
    this.valueOf.set(node.id, this.value(node.shape, node.dtype, this.memory(sizeOf(node.shape) * 4, place)));
  }

  private emitComputed(node: Node): void {
    const root = this.roots[node.id];
    if (!(root.size === 1 && root.has(node.id))) return;
    const region = this.regionOf.get(node.id);
    if (region) {
      this.pushMap(node.shape, this.expression(node.id), region);
      return;
    }
    const kernel = this.finishes.get(node.id);
    if (kernel !== undefined) {
      const epilogue = this.expression(node.id, node.id, kernel);
      const out = this.value(node.shape, node.dtype);
      this.valueOf.set(node.id, out);
      const { op } = this.graph.nodes[kernel];
      if (hasRole(op, 'kernel')) this.emitKernel(this.graph.nodes[kernel], op, out, epilogue);
      return;
    }
    const out = this.value(node.shape, node.dtype);
    this.map(node, out);
    this.valueOf.set(node.id, out);
  }

  private emitLiteral(node: Node, value: number): void {
    const out = this.value(node.shape, node.dtype);
    this.valueOf.set(node.id, out);
    this.pushMap(node.shape, literalExpression(value, node.dtype), { value: out, ...dense(node.shape) });
  }

  private emitConcat(node: Node, axis: number): void {
    const out = this.valueOf.get(node.id)!;
    const whole = dense(node.shape);
    let start = 0;
    for (const part of node.inputs) {
      const { shape, dtype } = this.graph.nodes[part];
      const region = { value: out, offset: start * whole.strides[axis], strides: whole.strides };
      const literal = this.literal(part);
      if (literal !== undefined) this.pushMap(shape, literalExpression(literal, dtype), region);
      else if (!this.regionOf.has(part)) {
        const { value, ...walk } = this.view(part);
        this.copy(value, walk, shape, dtype, region);
      }
      start += shape[axis];
    }
  }

  private emitPad(node: Node, op: OpOf<'pad'>): void {
    const from = this.graph.nodes[node.inputs[0]];
    const out = this.value(node.shape, node.dtype);
    this.valueOf.set(node.id, out);
    const whole = dense(node.shape);
    this.pushMap(node.shape, literalExpression(op.value, node.dtype), { value: out, ...whole });
    if (sizeOf(from.shape) === 0) return;
    const inner = sliceWalk(
      whole,
      op.low,
      op.interior.map((p) => p + 1),
    );
    const literal = this.literal(from.id);
    if (literal !== undefined) {
      this.pushMap(from.shape, literalExpression(literal, from.dtype), { value: out, ...inner });
    } else {
      const { value, ...walk } = this.view(from.id);
      this.copy(value, walk, from.shape, from.dtype, { value: out, ...inner });
    }
  }

  private emitFold(node: Node, { kind, axes }: OpOf<KindOf<'fold'>>): void {
    const out = this.value(node.shape, node.dtype);
    this.valueOf.set(node.id, out);
    const [x] = node.inputs;
    const from = this.graph.nodes[x];
    const inlined = isComputed(from) && this.roots[x].has(node.id) && !this.valueOf.has(x);
    const { loads, code } = inlined ? this.expression(x, node.id) : this.loaded(x);
    const bound = boundAxes(code);
    const group = from.shape.map((_, a) => axes.includes(a));
    const folded = collapse(from.shape, loads, bound, group);
    const kept = new Set<number>();
    from.shape.forEach((_, a) => {
      if (axes.includes(a) && folded.axisOf[a] >= 0) kept.add(folded.axisOf[a]);
    });
    if (kept.size === 0) {
      this.pushMap(from.shape, { loads, code }, { value: out, ...dense(from.shape) });
      return;
    }
    this.push({
      kind: 'reduce',
      fold: kind === 'sum' ? 'sum' : 'max',
      shape: folded.shape,
      axes: [...kept].sort((a, b) => a - b),
      expression: {
        loads: folded.walks.map((walk, i) => ({ value: loads[i].value, ...walk })),
        code: code.map((line) => moveAxis(line, folded.axisOf)),
      },
      out,
    });
  }

  private loaded(id: number): Expression {
    const { dtype } = this.graph.nodes[id];
    const literal = this.literal(id);
    if (literal !== undefined) return literalExpression(literal, dtype);
    return { loads: [this.view(id)], code: [{ kind: 'load', load: 0, dtype }] };
  }

  private emitKernel(node: Node, op: OpOf<KindOf<'kernel'>>, finished?: ValueId, epilogue?: Expression): void {
    const { inputs, shape } = node;
    const operands = inputs.map((i) => this.need(i));
    const out = finished ?? this.value(shape, node.dtype);
    this.valueOf.set(node.id, out);
    this.push(kernelStep(op, operands, this.graph.nodes[inputs[0]].shape, shape, out, epilogue));
  }

  // Results

  /** A result is a value of its own: what is shared, an argument or a view is copied. */
  private result(id: number, index: number, repeated: boolean): ValueId {
    const node = this.graph.nodes[id];
    const made = this.need(id);
    const { memory } = this.values[made];
    const place: Place = { kind: 'result', index };
    if (memory.place === undefined && !repeated) {
      memory.place = place;
      return made;
    }
    const copy = this.value(node.shape, node.dtype, this.memory(sizeOf(node.shape) * 4, place));
    if (sizeOf(node.shape) > 0)
      this.copy(made, dense(node.shape), node.shape, node.dtype, { value: copy, ...dense(node.shape) });
    return copy;
  }
}

export const planGraph = (graph: Graph, { donated = [], stages = [] }: PlanOptions = {}): Program =>
  new Planner(graph).run(donated, stages);
