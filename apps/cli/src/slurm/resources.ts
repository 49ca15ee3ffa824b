/** What a job asks a cluster for: options of the `slurm` commands, and the header of a batch script. */
import { optional, repeated, withDefault } from '../arguments/option.ts';
import { matching, text, whole } from '../arguments/value.ts';

const slurmTime = matching(
  /^(\d+(:\d\d){0,2}|\d+-\d\d?(:\d\d){0,2}|UNLIMITED)$/,
  'a time as Slurm writes it: minutes, hh:mm:ss or d-hh:mm:ss',
);
const slurmMemory = matching(/^\d+[KMGT]?$/i, 'an amount such as 16G or 500M');

export const resourceOptions = {
  partition: optional(text, { placeholder: 'name', doc: 'partition (queue)' }),
  time: optional(slurmTime, {
    placeholder: 'd-hh:mm:ss',
    doc: 'longest time of a task; training is saved and queued again before it',
  }),
  nodes: withDefault(whole({ min: 1 }), 1, { placeholder: 'n', doc: 'machines a task' }),
  cpus: optional(whole({ min: 1 }), { placeholder: 'n', doc: 'processor cores a task' }),
  mem: optional(slurmMemory, { placeholder: '16G', doc: 'memory a task' }),
  gres: optional(text, { placeholder: 'gpu:1', doc: 'other resources a task' }),
  account: optional(text, { placeholder: 'name', doc: 'account to charge' }),
  qos: optional(text, { placeholder: 'name', doc: 'quality of service' }),
  mailUser: optional(text, { placeholder: 'address', doc: 'mail when the job begins, ends or fails' }),
  arrayLimit: optional(whole({ min: 1 }), { placeholder: 'n', doc: 'tasks of an array at a time [all]' }),
  sbatch: repeated(text, {
    placeholder: 'option',
    doc: 'another option of sbatch, such as --exclusive; may be repeated',
  }),
  setup: repeated(text, {
    placeholder: 'line',
    doc: 'a line of shell before the command, such as module load; may be repeated',
  }),
};

/** For jobs that train. */
export const ranksOption = withDefault(whole({ min: 1 }), 1, {
  placeholder: 'n',
  doc: 'processes a task that train one network together, over MPI (srun --mpi=pmix); --cpus is of each',
});

export type Resources = {
  readonly ranks?: number;
  readonly partition: string | undefined;
  readonly time: string | undefined;
  readonly nodes: number;
  readonly cpus: number | undefined;
  readonly mem: string | undefined;
  readonly gres: string | undefined;
  readonly account: string | undefined;
  readonly qos: string | undefined;
  readonly mailUser: string | undefined;
  readonly arrayLimit: number | undefined;
  readonly sbatch: readonly string[];
  readonly setup: readonly string[];
};

export type Job = { readonly name: string; readonly tasks: number; readonly output: string };

const given = (name: string, value: string | number | undefined): readonly string[] =>
  value === undefined ? [] : [`--${name}=${value}`];

/** Saved and queued again so many seconds before the time is up. */
const warningSeconds = 120;

export const headerOf = ({ name, tasks, output }: Job, resources: Resources): readonly string[] =>
  [
    ...given('job-name', name),
    ...given('output', `${output}/${name}-%${tasks > 1 ? 'A_%a' : 'j'}.out`),
    '--open-mode=append',
    '--requeue',
    `--signal=B:TERM@${warningSeconds}`,
    ...given('partition', resources.partition),
    ...given('time', resources.time),
    ...given('nodes', resources.nodes),
    ...(resources.ranks && resources.ranks > 1 ? given('ntasks', resources.ranks) : []),
    ...given('cpus-per-task', resources.cpus),
    ...given('mem', resources.mem),
    ...given('gres', resources.gres),
    ...given('account', resources.account),
    ...given('qos', resources.qos),
    ...(resources.mailUser ? [...given('mail-user', resources.mailUser), '--mail-type=BEGIN,END,FAIL'] : []),
    ...(tasks > 1 ? given('array', `0-${tasks - 1}${resources.arrayLimit ? `%${resources.arrayLimit}` : ''}`) : []),
    ...resources.sbatch,
  ].map((option) => `#SBATCH ${option}`);
