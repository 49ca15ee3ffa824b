/** Steps of a program to kernels: the helpers with which each kind of step adds its own. */
import type { Expression, Place, Program, ValueId } from '../plan/program.ts';
import type { DType, Shape } from '../shape.ts';
import { type Binding, groupSize, type Kernel, type Operand, overThreads, type Way } from './kernel.ts';
import type { Units } from './units.ts';
import { addressOf, functionsFor } from './wgsl.ts';

export type Lowered = {
  readonly kernels: readonly Kernel[];
  /** Elements of each temporary, and the step that needs it. */
  readonly temporaries: readonly { readonly size: number; readonly step: number }[];
};

/** The bindings of one kernel; the same buffer is bound once. */
export class Bindings {
  readonly list: Binding[] = [];
  private readonly names = new Map<unknown, number>();
  private readonly places: (operand: Operand) => unknown;
  private readonly isHalf: (operand: Operand) => boolean;

  constructor(places: (operand: Operand) => unknown, isHalf: (operand: Operand) => boolean) {
    this.places = places;
    this.isHalf = isHalf;
  }

  /** WGSL name of the buffer; the output must be asked for before what is read. */
  name(operand: Operand, dtype: DType, written = false): string {
    const place = this.places(operand);
    const known = this.names.get(place);
    if (known !== undefined) return `b${known}`;
    const index = this.list.push({ operand, dtype, written }) - 1;
    this.names.set(place, index);
    return `b${index}`;
  }

  private of(name: string): Binding {
    return this.list[Number(name.slice(1))];
  }
  dtypeOf(name: string): DType {
    return this.of(name).dtype;
  }

  /** WGSL of an element, */
  read(name: string, index: string): string {
    const element = `${name}[${index}]`;
    return this.isHalf(this.of(name).operand) ? `f32(${element})` : element;
  }
  /** and of the statement that sets it. */
  write(name: string, index: string, value: string): string {
    return `${name}[${index}] = ${this.isHalf(this.of(name).operand) ? `half_of(${value})` : value};`;
  }

  declarations(): string {
    const stored = ({ operand, dtype }: Binding): string => (this.isHalf(operand) ? 'f16' : dtype);
    const lines = this.list.map(
      (binding, i) =>
        `@group(0) @binding(${i}) var<storage, ${binding.written ? 'read_write' : 'read'}> b${i}: array<${stored(binding)}>;`,
    );
    return [...(this.list.some(({ operand }) => this.isHalf(operand)) ? ['enable f16;'] : []), ...lines].join('\n');
  }
}

/** What kernels may use on a device. */
export type Means = {
  /** Barriers and shared memory, which are dear on a processor in disguise. */
  readonly barriers: boolean;
  /** So many buffers at once. */
  readonly maxBuffers: number;
  readonly units?: Units | undefined;
};

export class Lowering {
  readonly program: Program;
  readonly means: Means;
  /** Stored as 16 bits. */
  private readonly half: ReadonlySet<Place>;
  private readonly kernels: Kernel[] = [];
  private readonly temporaries: { size: number; step: number }[] = [];
  private step = 0;

  constructor(program: Program, means: Means, half: ReadonlySet<Place>) {
    this.program = program;
    this.half = half;
    this.means = means;
  }

  begin(step: number): void {
    this.step = step;
  }

  shapeOf(id: ValueId): Shape {
    return this.program.values[id].shape;
  }
  dtypeOf(id: ValueId): DType {
    return this.program.values[id].dtype;
  }

  temporary(size: number): Operand {
    return { temporary: this.temporaries.push({ size, step: this.step }) - 1 };
  }

  bindings(): Bindings {
    const shared = (place: Place): unknown => {
      if (place.kind === 'argument') return `argument ${place.index}`;
      if (place.kind === 'result' && place.reuses !== undefined) return `argument ${place.reuses}`;
      return place;
    };
    const placeOf = (operand: Operand): Place | undefined =>
      'value' in operand ? this.program.values[operand.value].place : undefined;
    return new Bindings(
      (operand) => {
        const place = placeOf(operand);
        return place ? shared(place) : `temporary ${'temporary' in operand ? operand.temporary : ''}`;
      },
      (operand) => {
        const place = placeOf(operand);
        return place !== undefined && this.half.has(place);
      },
    );
  }

  /** WGSL of a load at positions of the step's shape. */
  loader(bindings: Bindings, e: Expression, position: (axis: number) => string): (index: number) => string {
    const names = e.loads.map(({ value }) => bindings.name({ value }, this.dtypeOf(value)));
    return (k) => {
      const { value, offset, strides } = e.loads[k];
      const element = bindings.read(names[k], addressOf(offset, strides, position));
      const [bound, wanted] = [bindings.dtypeOf(names[k]), this.dtypeOf(value)];
      return bound === wanted ? element : `bitcast<${wanted}>(${element})`;
    };
  }

  /** A kernel with one thread for each `index` below `threads`. */
  flat(bindings: Bindings, threads: number, body: string): void {
    const { groups, index } = overThreads(threads);
    const main = `@compute @workgroup_size(${groupSize}) fn main(@builtin(global_invocation_id) id: vec3u) {\n${index}\n${body}\n}`;
    this.push(bindings, '', [{ name: 'flat', write: () => ({ code: main, groups }) }]);
  }

  /** A kernel from what follows the bindings, written in one way or another. */
  push(bindings: Bindings, problem: string, ways: readonly Way[]): void {
    const whole = ({ name, write }: Way): Way => ({
      name,
      write: () => {
        const { code, groups, directives = '' } = write();
        return { code: `${directives}${bindings.declarations()}\n${functionsFor(code)}\n${code}`, groups };
      },
    });
    this.kernels.push({ step: this.step, bindings: bindings.list, problem, ways: ways.map(whole) });
  }

  done(): Lowered {
    return { kernels: this.kernels, temporaries: this.temporaries };
  }
}
