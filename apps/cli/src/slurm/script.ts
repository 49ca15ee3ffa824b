/**
 * A batch script and its list of tasks: what Slurm's job arrays, Kubernetes' Indexed Jobs and a plain shell run alike. Each
 * task is a line of the list: the run it trains, or `-`, and the words of a gdarknet command.
 */
import { headerOf, type Job, type Resources } from './resources.ts';

export type Task = {
  /** The run's folder, where the task trains: it goes on when there is a state, and is done when there are final weights. */
  readonly run: string | undefined;
  readonly words: readonly string[];
};

/** A word as a shell reads it. */
export const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;

export const tasksText = (tasks: readonly Task[]): string =>
  tasks.map(({ run, words }) => `${[run ?? '-', ...words].map(quoted).join(' ')}\n`).join('');

export type ScriptOptions = {
  readonly job: Job;
  readonly resources: Resources;
  /** Where relative paths start. */
  readonly cwd: string;
  readonly tasksFile: string;
  /** The words that call gdarknet; the environment variable GDARKNET replaces them. */
  readonly call: readonly string[];
};

/** All processes of a task end when one fails: the others would wait for it. */
const launcher = 'srun --mpi=pmix --kill-on-bad-exit=1 ';

export const scriptText = ({ job, resources, cwd, tasksFile, call }: ScriptOptions): string => `#!/bin/bash
${headerOf(job, resources).join('\n')}
# One line of ${tasksFile} each task. Runs under Slurm, as a Kubernetes Indexed Job, or by hand: bash <this file> [index].
set -u
cd ${quoted(cwd)} || exit 1
index=\${1:-\${SLURM_ARRAY_TASK_ID:-\${JOB_COMPLETION_INDEX:-0}}}
line=$(sed -n "$((index + 1))p" ${quoted(tasksFile)})
if [ -z "$line" ]; then echo "no task $index in ${tasksFile}" >&2; exit 1; fi
eval "set -- $line"
run=$1
shift
${resources.setup.map((line) => `${line}\n`).join('')}GDARKNET=\${GDARKNET:-${quoted(call.map(quoted).join(' '))}}
echo "task $index, job \${SLURM_JOB_ID:-none}, restart \${SLURM_RESTART_COUNT:-0}, on $(hostname): $*"
if [ "$run" != - ]; then
  if ls "$run"/*_final.weights >/dev/null 2>&1; then echo "$run is finished"; exit 0; fi
  if [ -e "$run/state" ]; then set -- train --resume "$run"; echo "going on: $*"; fi
fi
stopped=0
eval "exec ${(resources.ranks ?? 1) > 1 ? launcher : ''}$GDARKNET \\"\\$@\\"" &
child=$!
trap 'stopped=1; kill -TERM "$child" 2>/dev/null' TERM INT
status=0
wait "$child" || status=$?
# A signal ends the waiting, not the child: it saves what it has.
while kill -0 "$child" 2>/dev/null; do wait "$child" || status=$?; done
if [ "$stopped" = 1 ] && [ "$status" != 0 ] && [ -n "\${SLURM_JOB_ID:-}" ]; then
  echo "queued again"
  scontrol requeue "$SLURM_JOB_ID"
fi
exit "$status"
`;
