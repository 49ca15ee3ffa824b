/** The same tasks as a Kubernetes Indexed Job: one pod an index, restarted where it failed (batch/v1, Kubernetes 1.29 on). */
import type { Resources } from './resources.ts';

export type Manifest = {
  readonly name: string;
  readonly tasks: number;
  readonly script: string;
  readonly image: string;
  /** Name of the volume claim that holds everything, and where it is mounted: the folder that paths start from. */
  readonly claim: string;
  readonly mount: string;
  readonly resources: Resources;
};

/** Names of Kubernetes: lower case letters, digits and dashes. */
const label = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');

/** `gpu:2` and `gpu:a100:2` to 2. */
const gpus = (gres: string | undefined): number =>
  gres?.startsWith('gpu') ? Number(/(\d+)$/.exec(gres)?.[1] ?? 1) : 0;

/** Slurm's `16G` is Kubernetes' `16Gi`. */
const memory = (mem: string): string => (/^\d+[KMGT]$/.test(mem) ? `${mem}i` : mem);

const limits = ({ cpus, mem, gres }: Resources): readonly string[] => [
  ...(cpus === undefined ? [] : [`cpu: "${cpus}"`]),
  ...(mem === undefined ? [] : [`memory: ${memory(mem)}`]),
  ...(gpus(gres) === 0 ? [] : [`nvidia.com/gpu: ${gpus(gres)}`]),
];

export const manifestText = ({ name, tasks, script, image, claim, mount, resources }: Manifest): string => {
  const asked = limits(resources);
  const limited =
    asked.length === 0
      ? ''
      : `
          resources:
            limits:
${asked.map((line) => `              ${line}`).join('\n')}`;
  return `apiVersion: batch/v1
kind: Job
metadata:
  name: ${label(name)}
spec:
  completionMode: Indexed
  completions: ${tasks}
  parallelism: ${Math.min(tasks, resources.arrayLimit ?? tasks)}
  # A pod that is moved away or fails goes on from its state.
  backoffLimitPerIndex: 10
  maxFailedIndexes: ${tasks}
  template:
    spec:
      restartPolicy: Never
      # Time to finish the batch and save.
      terminationGracePeriodSeconds: 120
      containers:
        - name: gdarknet
          image: ${JSON.stringify(image)}
          workingDir: ${JSON.stringify(mount)}
          command: ["bash", ${JSON.stringify(script)}]
          env:
            - name: GDARKNET
              value: gdarknet${limited}
          volumeMounts:
            - name: work
              mountPath: ${JSON.stringify(mount)}
      volumes:
        - name: work
          persistentVolumeClaim:
            claimName: ${JSON.stringify(claim)}
`;
};
