/**
 * Which folders of a package import one another, directly or by way of others. A folder is one directly below `src`, with
 * all that lies in it; a file directly in `src` stands for itself. Tests and what only they use are left out.
 */
const { readdirSync, readFileSync } = require('node:fs');
const { join, relative, resolve, sep } = require('node:path');
const { preProcessFile } = require('typescript');

const isSource = (file) => file.endsWith('.ts') && !/[.]test[.]ts$|(^|[/])(testing|fixtures)[/]/.test(file);

/** `{folder: {folders that it imports}}`; types count as imports too. */
const arrowsOf = (src) => {
  const arrows = new Map();
  for (const found of readdirSync(src, { recursive: true })) {
    const file = found.split(sep).join('/');
    if (!isSource(file)) continue;
    const [from] = file.split('/');
    const targets = arrows.get(from) ?? new Set();
    arrows.set(from, targets);
    for (const { fileName } of preProcessFile(readFileSync(join(src, file), 'utf8')).importedFiles) {
      if (!fileName.startsWith('.')) continue;
      const [to] = relative(src, resolve(src, file, '..', fileName)).split(sep);
      if (to !== '..' && to !== from) targets.add(to);
    }
  }
  return arrows;
};

const leadsTo = (arrows, from, to) => {
  const seen = new Set([from]);
  for (const at of seen) {
    for (const next of arrows.get(at) ?? []) {
      if (next === to) return true;
      seen.add(next);
    }
  }
  return false;
};

/** The arrows of a package from which a way leads back to where they begin, as `[from, to]`. */
exports.folderCircles = (src) => {
  const arrows = arrowsOf(src);
  return [...arrows].flatMap(([from, targets]) =>
    [...targets].filter((to) => leadsTo(arrows, to, from)).map((to) => [from, to]),
  );
};
