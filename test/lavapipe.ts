/**
 * A second Vulkan driver for machines without a graphics card: Mesa's lavapipe from Debian testing, with the C library that
 * it is made for, unpacked into the temporary folder without installing anything. Unlike SwiftShader it has `shader-f16`
 * and matrix units.
 */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const home = join(tmpdir(), 'gdarknet-lavapipe-2');
const libraries = join(home, 'usr/lib/x86_64-linux-gnu');
/** For Vulkan's loader. */
const description = join(home, 'lvp.json');
const node = fileURLToPath(new URL('../node_modules/node/bin/node', import.meta.url));

const output = (program: string, args: readonly string[], cwd?: string): string =>
  execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], ...(cwd && { cwd }) });

/** The machine's own mirror of Debian. */
const mirror = (): string => {
  const codename = /^VERSION_CODENAME=(\w+)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? '';
  const lines = output('apt-get', ['indextargets', '--format', '$(REPO_URI) $(CODENAME) $(COMPONENT)']).split('\n');
  const uri = lines.map((line) => line.split(' ')).find(([, name, part]) => name === codename && part === 'main')?.[0];
  if (!uri) throw new Error(`apt knows no mirror of ${codename}`);
  return uri;
};

const unpack = (): void => {
  const beside = mkdtempSync(`${home}-`);
  const apt = join(beside, 'apt');
  const debs = join(apt, 'debs');
  try {
    mkdirSync(join(apt, 'lists', 'partial'), { recursive: true });
    mkdirSync(debs);
    writeFileSync(join(apt, 'sources.list'), `deb ${mirror()} testing main\n`);
    // As if nothing were installed: everything down to the C library comes along.
    writeFileSync(join(apt, 'status'), '');
    const settings = {
      'Dir::Etc::SourceList': join(apt, 'sources.list'),
      'Dir::Etc::SourceParts': '/dev/null',
      'Dir::State::Lists': join(apt, 'lists'),
      'Dir::State::status': join(apt, 'status'),
      'APT::Sandbox::User': 'root',
      'Debug::NoLocking': '1',
    };
    const options = Object.entries(settings).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
    output('apt-get', [...options, 'update']);
    const wanted = ['--no-install-recommends', '-s', 'install', 'mesa-vulkan-drivers', 'libvulkan1', 'libstdc++6'];
    const planned = output('apt-get', [...options, ...wanted]);
    const names = [...planned.matchAll(/^Inst (\S+)/gm)].map(([, name]) => name);
    output('apt-get', [...options, 'download', ...names], debs);
    for (const file of readdirSync(debs)) output('dpkg', ['-x', join(debs, file), beside]);
    const icd = readFileSync(join(beside, 'usr/share/vulkan/icd.d/lvp_icd.json'), 'utf8');
    const { ICD, ...rest } = JSON.parse(icd) as { ICD: object };
    const library = join(libraries, 'libvulkan_lvp.so');
    writeFileSync(
      join(beside, basename(description)),
      JSON.stringify({ ...rest, ICD: { ...ICD, library_path: library } }),
    );
    rmSync(apt, { recursive: true });
    renameSync(beside, home);
  } catch (error) {
    rmSync(beside, { recursive: true, force: true });
    // Another process may have been first.
    if (!existsSync(home)) throw error;
  }
};

export type Lavapipe = {
  /** A program and its first words, which run Node beside the driver; Node's own words follow. */
  readonly node: readonly [string, ...string[]];
  /** What the process needs in its environment, so that Dawn finds the driver. */
  readonly env: Readonly<Record<string, string>>;
};

/** How to run Node with lavapipe; or why it is not to be had. */
export const lavapipe = (): Lavapipe | string => {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'lavapipe is fetched for x64 Linux only';
  try {
    if (!existsSync(home)) unpack();
    return {
      node: [join(libraries, 'ld-linux-x86-64.so.2'), '--library-path', libraries, node],
      env: { VK_DRIVER_FILES: description, VK_ICD_FILENAMES: description },
    };
  } catch (error) {
    return `Debian's mesa-vulkan-drivers cannot be fetched: ${String(error).split('\n')[0]}`;
  }
};
