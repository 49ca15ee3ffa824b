/** The packages that the running program is made of: this one and everything it depends on, as they were resolved. */
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export type Member = {
  readonly name: string;
  readonly version: string;
  /** The real folder, symbolic links followed. */
  readonly folder: string;
  /** Lies in no node_modules: a package of the workspace, which runs from its sources or its build. */
  readonly own: boolean;
  /** Real folders of the packages that it asks for, by the names it asks with. */
  readonly needs: ReadonlyMap<string, string>;
};

type Manifest = {
  readonly name: string;
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
};

const manifestOf = (folder: string): Manifest => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));

/** The folder of the package that a file belongs to. */
const packageOf = (file: string): string => {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
    if (folder === dirname(folder)) throw new Error(`${file} belongs to no package`);
  }
};

/** As Node looks for it: in the node_modules of each folder upwards. */
const resolved = (name: string, from: string): string | undefined => {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name);
    if (existsSync(join(candidate, 'package.json'))) return realpathSync(candidate);
    if (folder === dirname(folder)) return undefined;
  }
};

export type Closure = {
  readonly root: Member;
  readonly members: readonly Member[];
  /** Needed, but nowhere to be found. */
  readonly missing: readonly string[];
};

/** `without` names packages that are left out, and what only they need. */
export const closureOf = (without: readonly string[], file = fileURLToPath(import.meta.url)): Closure => {
  const members = new Map<string, Member>();
  const missing: string[] = [];
  const visit = (folder: string): Member => {
    const known = members.get(folder);
    if (known) return known;
    const {
      name,
      version = '',
      dependencies = {},
      optionalDependencies = {},
      peerDependencies = {},
    } = manifestOf(folder);
    const needs = new Map<string, string>();
    const member = { name, version, folder, needs, own: !folder.split(/[\\/]/).includes('node_modules') };
    members.set(folder, member);
    for (const needed of Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })) {
      if (without.includes(needed) || needed.startsWith('@types/')) continue;
      const found = resolved(needed, folder);
      if (found) {
        needs.set(needed, found);
        visit(found);
      } else if (Object.hasOwn(dependencies, needed) && !Object.hasOwn(optionalDependencies, needed))
        missing.push(`${needed}, which ${name} needs`);
    }
    return member;
  };
  const root = visit(realpathSync(packageOf(file)));
  return { root, members: [...members.values()], missing };
};
