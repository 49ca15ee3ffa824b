/**
 * A Slurm of one node on this machine, for as long as a test runs: Debian's slurm-wlm, installed when missing, without munge
 * (auth/none), on the loopback.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const call = promisify(execFile);

export type Cluster = {
  /** For the environment of everything that speaks to it. */
  readonly conf: string;
  readonly stop: () => Promise<void>;
};

const isThere = async (program: string): Promise<boolean> =>
  call('bash', ['-c', `command -v ${program}`]).then(
    () => true,
    () => false,
  );

/** Undefined, or why there is no Slurm. */
const install = async (): Promise<string | undefined> => {
  if ((await isThere('slurmctld')) && (await isThere('slurmd')) && (await isThere('sbatch'))) return undefined;
  if (process.getuid?.() !== 0) return 'Slurm is not installed, and only root can install it';
  if (!(await isThere('apt-get'))) return 'Slurm is not installed, and there is no apt-get to install it with';
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  // Another test may be installing something too.
  const words = ['-qq', '-o', 'DPkg::Lock::Timeout=200', 'install', '-y', '--no-install-recommends', 'slurm-wlm'];
  const attempt = () => call('apt-get', words, { env, timeout: 240_000 });
  try {
    await attempt().catch(async () => {
      await call('apt-get', ['-qq', 'update'], { timeout: 120_000 });
      await attempt();
    });
    return undefined;
  } catch (error) {
    return `apt-get cannot install slurm-wlm: ${String(error).split('\n')[0]}`;
  }
};

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer().on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });

const configuration = (root: string, node: string, cpus: number, [control, daemon]: readonly number[]): string =>
  Object.entries({
    ClusterName: 'gdarknet',
    SlurmctldHost: `${node}(127.0.0.1)`,
    AuthType: 'auth/none',
    CredType: 'cred/none',
    SlurmUser: 'root',
    SlurmdUser: 'root',
    StateSaveLocation: join(root, 'state'),
    SlurmdSpoolDir: join(root, 'spool'),
    SlurmctldPidFile: join(root, 'slurmctld.pid'),
    SlurmdPidFile: join(root, 'slurmd.pid'),
    SlurmctldPort: control,
    SlurmdPort: daemon,
    ProctrackType: 'proctrack/linuxproc',
    TaskPlugin: 'task/none',
    SelectType: 'select/cons_tres',
    SelectTypeParameters: 'CR_CPU',
    MpiDefault: 'none',
    JobAcctGatherType: 'jobacct_gather/none',
    AccountingStorageType: 'accounting_storage/none',
    ReturnToService: 2,
    // Jobs that are queued again start at once.
    SchedulerParameters: 'batch_sched_delay=1,sched_interval=1',
  })
    .map(([key, value]) => `${key}=${value}\n`)
    .join('') +
  `NodeName=${node} NodeAddr=127.0.0.1 CPUs=${cpus} State=UNKNOWN\nPartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP\n`;

const ended = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const patience = setTimeout(() => child.kill('SIGKILL'), 5000);
  await gone;
  clearTimeout(patience);
};

/** The cluster, or why it cannot be had here. */
export const startCluster = async (cpus = 2): Promise<Cluster | string> => {
  const missing = await install();
  if (missing !== undefined) return missing;
  if (process.getuid?.() !== 0) return 'only root can start slurmd here';
  // slurmctld flushes its state to the disk with every job, and answers nobody meanwhile.
  const root = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'gdarknet-slurm-'));
  for (const folder of ['state', 'spool']) mkdirSync(join(root, folder));
  const conf = join(root, 'slurm.conf');
  const node = hostname().split('.')[0];
  writeFileSync(conf, configuration(root, node, cpus, [await freePort(), await freePort()]));
  const env = { ...process.env, SLURM_CONF: conf };
  // Into a file: a test that blocks its own process must not stop the daemons.
  const log = join(root, 'log');
  const file = openSync(log, 'a');
  const daemon = (program: string, ...words: string[]): ChildProcess =>
    spawn(program, ['-D', '-f', conf, ...words], { env, stdio: ['ignore', file, file] });
  const children = [daemon('slurmctld'), daemon('slurmd', '-N', node)];
  const quiet = (program: string, ...words: string[]): Promise<string> =>
    call(program, words, { env, timeout: 5000 }).then(
      ({ stdout }) => stdout.trim(),
      () => '',
    );
  const stop = async (): Promise<void> => {
    await quiet('scancel', '-p', 'main');
    // What a job still writes would be in the way of whoever removes its folders.
    for (const end = Date.now() + 20_000; Date.now() < end && (await quiet('squeue', '-h')) !== ''; ) await sleep(200);
    for (const child of [...children].reverse()) await ended(child);
    closeSync(file);
    rmSync(root, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  };
  for (const end = Date.now() + 30_000; Date.now() < end; await sleep(200)) {
    if ((await quiet('sinfo', '-h', '-o', '%t')) === 'idle') return { conf, stop };
  }
  const said = readFileSync(log, 'utf8').trim().split('\n').slice(-4).join(' ');
  await stop();
  return `Slurm's node does not come up: ${said}`;
};
