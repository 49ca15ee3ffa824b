/**
 * A second Vulkan driver for machines without a graphics card: Mesa's lavapipe from Debian's packages (backports where there
 * are any), unpacked into the temporary folder without installing anything. Unlike SwiftShader it has `shader-f16`.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const home = join(tmpdir(), 'gdarknet-lavapipe');
const driver = 'mesa-vulkan-drivers';

const output = (program: string, args: readonly string[], cwd?: string): string =>
  execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], ...(cwd && { cwd }) });

/** The machine's own mirror of Debian. */
const mirror = (): { readonly uri: string; readonly codename: string } => {
  const codename = /^VERSION_CODENAME=(\w+)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? '';
  const lines = output('apt-get', ['indextargets', '--format', '$(REPO_URI) $(CODENAME) $(COMPONENT)']).split('\n');
  const uri = lines.map((line) => line.split(' ')).find(([, name, part]) => name === codename && part === 'main')?.[0];
  if (!uri) throw new Error(`apt knows no mirror of ${codename}`);
  return { uri, codename };
};

const unpack = (): void => {
  const beside = mkdtempSync(`${home}-`);
  try {
    const { uri, codename } = mirror();
    const sources = join(beside, 'sources.list');
    const suites = [codename, `${codename}-backports`];
    writeFileSync(sources, suites.map((suite) => `deb ${uri} ${suite} main\n`).join(''));
    const lists = join(beside, 'lists');
    execFileSync('mkdir', ['-p', join(lists, 'partial'), join(beside, 'debs')]);
    const options = [
      ...['-o', `Dir::Etc::SourceList=${sources}`, '-o', 'Dir::Etc::SourceParts=/dev/null'],
      ...['-o', `Dir::State::Lists=${lists}`, '-o', 'APT::Sandbox::User=root', '-o', 'Debug::NoLocking=1'],
      ...['-t', suites[1]],
    ];
    output('apt-get', [...options, 'update']);
    const planned = output('apt-get', [...options, '--no-install-recommends', '-s', 'install', driver]);
    const missing = [...planned.matchAll(/^Inst (\S+)/gm)].map(([, name]) => name);
    output('apt-get', [...options, 'download', ...new Set([driver, 'libvulkan1', ...missing])], join(beside, 'debs'));
    for (const name of readdirSync(join(beside, 'debs'))) output('dpkg', ['-x', join(beside, 'debs', name), beside]);
    rmSync(lists, { recursive: true });
    rmSync(join(beside, 'debs'), { recursive: true });
    renameSync(beside, home);
  } catch (error) {
    rmSync(beside, { recursive: true, force: true });
    // Another process may have been first.
    if (!existsSync(home)) throw error;
  }
};

/** What a process needs in its environment, so that Dawn finds lavapipe there; or why it is not to be had. */
export const lavapipe = (): Readonly<Record<string, string>> | string => {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'lavapipe is fetched for x64 Linux only';
  try {
    if (!existsSync(home)) unpack();
    const libraries = join(home, 'usr/lib/x86_64-linux-gnu');
    const icds = join(home, 'usr/share/vulkan/icd.d');
    const name = readdirSync(icds).find((file) => file.startsWith('lvp_icd')) ?? '';
    const description = JSON.parse(readFileSync(join(icds, name), 'utf8')) as {
      ICD: { library_path: string; api_version: string };
    };
    if (description.ICD.api_version < '1.4') return `this Debian's ${driver} is too old for Dawn`;
    const icd = join(home, 'lvp.json');
    const whole = { ...description, ICD: { ...description.ICD, library_path: join(libraries, 'libvulkan_lvp.so') } };
    writeFileSync(icd, JSON.stringify(whole));
    return { LD_LIBRARY_PATH: libraries, VK_DRIVER_FILES: icd, VK_ICD_FILENAMES: icd };
  } catch (error) {
    return `Debian's ${driver} cannot be fetched: ${String(error).split('\n')[0]}`;
  }
};
