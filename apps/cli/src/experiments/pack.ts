/**
 * A folder that runs on a machine without network: Node itself, the program, every package it needs with the binaries that
 * the packages carry. Replaces the original's package_libs.sh. Own packages lie in `lib/packages`, others each in a folder of
 * its version in `lib/store`; relative links lead from each to what it needs, wherever the folder is moved.
 */
import { chmodSync, copyFileSync, cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import type { Closure, Member } from './closure.ts';

/** Nothing of an own package that only its developers need. */
const leftOut = /(^|[\\/])(node_modules|testing|fixtures|bench|coverage|.+[.]test[.]ts)$/;

const folderName = ({ name }: Member): string => name.replace('@', '').replace('/', '-');

/** Where it comes to lie in `lib`, and where Node looks for what it needs. */
const placeOf = (member: Member): { readonly home: string; readonly beside: string } => {
  if (member.own) {
    const home = join('packages', folderName(member));
    return { home, beside: join(home, 'node_modules') };
  }
  const beside = join('store', `${folderName(member)}@${member.version}`, 'node_modules');
  return { home: join(beside, member.name), beside };
};

const copy = (member: Member, lib: string, members: ReadonlyMap<string, Member>): void => {
  const { home, beside } = placeOf(member);
  const { folder, own, needs } = member;
  const isWanted = (path: string): boolean => !(own ? leftOut : /(^|[\\/])node_modules$/).test(path);
  cpSync(folder, join(lib, home), {
    recursive: true,
    filter: (source) => source === folder || isWanted(relative(folder, source)),
  });
  for (const [name, target] of needs) {
    const needed = members.get(target);
    if (needed === undefined) continue;
    const link = join(lib, beside, name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(relative(dirname(link), join(lib, placeOf(needed).home)), link, 'dir');
  }
};

const launcher = (flags: readonly string[], program: string): string => `#!/bin/sh
here=$(cd "$(dirname "$0")" && pwd)
exec "$here/bin/node" ${[...flags, `"$here/${program}"`].join(' ')} "$@"
`;

const note = (
  version: string,
  extras: readonly string[],
): string => `gdarknet ${version} for ${process.platform}-${process.arch}, with Node ${process.version}.

Runs on machines of this system and processor, without network and without installing anything: copy the folder and call
./gdarknet help
${extras.length > 0 ? `\nBeside it in files/: ${extras.join(', ')}\n` : ''}`;

export type PackOptions = {
  readonly out: string;
  readonly closure: Closure;
  /** How Node was started. */
  readonly flags: readonly string[];
  /** The program's file that was started. */
  readonly program: string;
  /** Files and folders to take along. */
  readonly extras: readonly string[];
};

export const packInto = ({ out, closure, flags, program, extras }: PackOptions): void => {
  const lib = join(out, 'lib');
  mkdirSync(join(out, 'bin'), { recursive: true });
  copyFileSync(process.execPath, join(out, 'bin', 'node'));
  chmodSync(join(out, 'bin', 'node'), 0o755);
  const { root, members } = closure;
  const byFolder = new Map(members.map((member) => [member.folder, member]));
  for (const member of members) copy(member, lib, byFolder);
  const home = join('lib', placeOf(root).home);
  const inside = join(home, relative(root.folder, resolve(program)));
  writeFileSync(join(out, 'gdarknet'), launcher(flags, inside), { mode: 0o755 });
  for (const extra of extras)
    cpSync(extra, join(out, 'files', basename(resolve(extra))), { recursive: true, dereference: true });
  writeFileSync(
    join(out, 'README.txt'),
    note(
      root.version,
      extras.map((extra) => basename(resolve(extra))),
    ),
  );
};
