/**
 * A crew of processes that MPI has started (`mpirun -np N gdarknet train ...`, `srun --mpi=pmix`). The library is called
 * through koffi; the two families differ in what a handle is: in Open MPI the address of a variable, in MPICH an integer.
 */
import type { LibraryHandle } from 'koffi';
import type { Crew, Sync } from './crew.ts';
import { takingTurns } from './turns.ts';

type Family = 'openmpi' | 'mpich';

export type Launch = {
  /** Which library, and its names to try. */
  readonly family: Family | undefined;
  readonly libraries: readonly string[];
  /** Processes on this host, where the launcher tells. */
  readonly localSize: number;
};

type Environment = Readonly<Record<string, string | undefined>>;

const libraries: Readonly<Record<Family, readonly string[]>> = {
  openmpi: ['libmpi.so.40', 'libmpi.so.80', 'libmpi.so'],
  mpich: ['libmpich.so.12', 'libmpi.so.12', 'libmpich.so'],
};

const several = (count: string | undefined): boolean => Number(count) > 1;

/** Undefined unless a launcher has started more than one of us. GDARKNET_MPI names the family or a library. */
export const launchOf = (env: Environment): Launch | undefined => {
  const launcher: Family | undefined = several(env.OMPI_COMM_WORLD_SIZE)
    ? 'openmpi'
    : env.PMIX_RANK !== undefined && several(env.SLURM_NTASKS)
      ? 'openmpi'
      : several(env.PMI_SIZE)
        ? 'mpich'
        : undefined;
  if (launcher === undefined) return undefined;
  const local =
    env.OMPI_COMM_WORLD_LOCAL_SIZE ?? env.MPI_LOCALNRANKS ?? env.SLURM_NTASKS_PER_NODE ?? env.SLURM_TASKS_PER_NODE;
  const localSize = Math.max(1, Number.parseInt(local ?? '1', 10) || 1);
  const asked = env.GDARKNET_MPI;
  if (asked === undefined || asked === '') return { family: launcher, libraries: libraries[launcher], localSize };
  if (asked === 'openmpi' || asked === 'mpich') return { family: asked, libraries: libraries[asked], localSize };
  return { family: undefined, libraries: [asked], localSize };
};

/** No library, or one that does not work as expected; the message says what to do. */
export class MpiError extends Error {
  override readonly name = 'MpiError';
}

type Handles = {
  /** koffi's type of a handle. */
  readonly type: 'void *' | 'int';
  readonly world: unknown;
  readonly double: unknown;
  readonly float: unknown;
  readonly sum: unknown;
  /** MPI_IN_PLACE. */
  readonly inPlace: number;
};

const handles: Readonly<Record<Family, (library: LibraryHandle) => Handles>> = {
  openmpi: (library) => ({
    type: 'void *',
    world: library.symbol('ompi_mpi_comm_world'),
    double: library.symbol('ompi_mpi_double'),
    float: library.symbol('ompi_mpi_float'),
    sum: library.symbol('ompi_mpi_op_sum'),
    inPlace: 1,
  }),
  mpich: () => ({
    type: 'int',
    world: 0x44000000,
    double: 0x4c00080b,
    float: 0x4c00040a,
    sum: 0x58000003,
    inPlace: -1,
  }),
};

/** MPI_THREAD_SERIALIZED and MPI_THREAD_MULTIPLE, the same in both families. */
const serialized = 2;
const multiple = 3;
/** Values of one call: 64 MiB, as a member that computes begins no other call meanwhile. */
const bucket = 1 << 23;

const familyOf = (library: LibraryHandle): Family => {
  try {
    library.symbol('ompi_mpi_comm_world');
    return 'openmpi';
  } catch {
    return 'mpich';
  }
};

const loadKoffi = async (): Promise<Pick<typeof import('koffi'), 'load'>> => {
  try {
    return await import('koffi');
  } catch {
    throw new MpiError('MPI needs the package koffi, which is not installed; npm install koffi');
  }
};

const loadLibrary = async ({ libraries: names }: Launch): Promise<LibraryHandle> => {
  const koffi = await loadKoffi();
  for (const name of names) {
    try {
      // Global: Open MPI's own plug-ins look for its symbols.
      return koffi.load(name, { global: true });
    } catch {
      // The next name.
    }
  }
  throw new MpiError(
    `none of ${names.join(', ')} can be loaded; install the MPI whose mpirun was used, or name its library in GDARKNET_MPI`,
  );
};

/** A call that runs on another thread, so that signals and timers are heard meanwhile. */
const calling =
  (call: ReturnType<LibraryHandle['func']>, name: string) =>
  (...args: readonly unknown[]): Promise<void> =>
    new Promise((resolve, reject) => {
      call.async(...args, (error: unknown, code: number) => {
        if (error) reject(error);
        else if (code !== 0) reject(new MpiError(`${name} failed with code ${code}`));
        else resolve();
      });
    });

export const openMpiCrew = async (launch: Launch, sync: Sync, overlaps: boolean): Promise<Crew> => {
  const library = await loadLibrary(launch);
  const family = launch.family ?? familyOf(library);
  const { type, world, double, float, sum, inPlace } = handles[family](library);
  const initThread = library.func('int MPI_Init_thread(void *, void *, int, _Out_ int *)');
  const commRank = library.func(`int MPI_Comm_rank(${type}, _Out_ int *)`);
  const commSize = library.func(`int MPI_Comm_size(${type}, _Out_ int *)`);
  const allreduce = library.func(`int MPI_Allreduce(intptr_t, void *, int, ${type}, ${type}, ${type})`);
  const broadcast = library.func(`int MPI_Bcast(void *, int, ${type}, int, ${type})`);
  const finalize = library.func('int MPI_Finalize()');
  const abortAll = library.func(`int MPI_Abort(${type}, int)`);

  const [provided, rank, size] = [[0], [0], [0]];
  if (initThread(null, null, multiple, provided) !== 0) throw new MpiError('MPI_Init_thread failed');
  if (provided[0] < serialized) throw new MpiError('this MPI allows no calls from other threads');
  commRank(world, rank);
  commSize(world, size);

  const inBuckets = async <A extends Float32Array | Float64Array>(values: A, act: (part: A) => Promise<void>) => {
    for (let at = 0; at < values.length; at += bucket) await act(values.subarray(at, at + bucket) as A);
  };
  const reduce = calling(allreduce, 'MPI_Allreduce');
  const hand = calling(broadcast, 'MPI_Bcast');
  const { spentMs, ...calls } = takingTurns({
    sum: (values) => inBuckets(values, (part) => reduce(inPlace, part, part.length, double, sum, world)),
    share: (values) => inBuckets(values, (part) => hand(part, part.length, float, 0, world)),
  });
  return {
    sync,
    localSize: launch.localSize,
    description: `${size[0]} processes by ${family === 'openmpi' ? 'Open MPI' : 'MPICH'}`,
    team: {
      rank: rank[0],
      size: size[0],
      overlaps,
      ...calls,
    },
    spentMs,
    abortEnds: true,
    abort: () => {
      abortAll(world, 1);
    },
    close: async () => {
      finalize();
    },
  };
};
