const { folderCircles } = require('./scripts/folder-circles.cjs');

// Which package may import which (an arrow never points back), and no cycles anywhere.
const allowed = {
  'packages/metrics': [],
  'packages/tensor': [],
  'packages/nn': ['packages/tensor'],
  'packages/data': ['packages/tensor'],
  'packages/yolo': ['packages/nn', 'packages/tensor', 'packages/metrics'],
  'apps/board': ['packages/metrics', 'packages/data'],
  'apps/cli': ['packages/metrics', 'packages/tensor', 'packages/nn', 'packages/data', 'packages/yolo', 'apps/board'],
};
const test = '[.]test[.]ts$|/testing/|/bench/';
const forbidden = Object.entries(allowed).map(([from, to]) => ({
  name: `arrows-of-${from.replace('/', '-')}`,
  comment: `${from} may import ${to.length ? to.join(', ') : 'no other package'}`,
  severity: 'error',
  from: { path: `^${from}/src/`, pathNot: test },
  to: { path: '^(packages|apps)/', pathNot: [from, ...to].map((p) => `^${p}/`) },
}));

// Packages whose folders import one another in one direction only.
const oneWay = ['apps/board', 'apps/cli', 'packages/data', 'packages/metrics'];
const place = (folderOrFile) => `${folderOrFile.replaceAll('.', '[.]')}${folderOrFile.includes('.') ? '$' : '/'}`;
const circles = oneWay.flatMap((name) =>
  folderCircles(`${__dirname}/${name}/src`).map(([from, to]) => ({
    name: `folders-of-${name.replace('/', '-')}`,
    comment: `${from} imports ${to}, and from ${to} a way leads back to ${from}`,
    severity: 'error',
    from: { path: `^${name}/src/${place(from)}`, pathNot: test },
    to: { path: `^${name}/src/${place(to)}` },
  })),
);

module.exports = {
  forbidden: [
    ...forbidden,
    ...circles,
    {
      name: 'no-cycle',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    { name: 'no-unresolved', severity: 'error', from: { pathNot: test }, to: { couldNotResolve: true } },
    {
      name: 'pure-browser-packages',
      comment:
        'metrics and tensor have no dependency; Node parts live in files named node*.ts, io or bin; fp-ts gives only types',
      severity: 'error',
      from: { path: '^packages/(metrics|tensor)/src/', pathNot: `${test}|/node|/io/|/fp-ts[.]ts$` },
      to: { dependencyTypes: ['npm', 'npm-dev', 'npm-peer', 'core'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: 'dist/|fixtures/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@gdarknet/source', 'import', 'require', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.json', '.d.ts'],
    },
  },
};
