// The layers of docs/design.md, as rules that fail the build.
/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'core-imports-only-itself-and-a-short-pure-list',
      severity: 'error',
      from: { path: '^src/core/', pathNot: '\\.(test|contract)\\.ts$' },
      to: { pathNot: ['^src/core/', '^node_modules/(zod|pure-rand|simple-statistics)/', '^(node:)?crypto$'] },
    },
    {
      name: 'only-the-composition-roots-import-adapters',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/(lab|worker)(/|\\.ts$)', '^src/(adapters|testing)/', '\\.(test|contract)\\.ts$'] },
      to: { path: '^src/adapters/' },
    },
    {
      name: 'adapters-do-not-import-each-other',
      severity: 'error',
      from: { path: '^src/adapters/([^/]+)/', pathNot: '\\.(test|contract)\\.ts$' },
      to: { path: '^src/adapters/', pathNot: '^src/adapters/$1/' },
    },
    {
      name: 'adapters-import-no-roots-or-commands',
      severity: 'error',
      from: { path: '^src/adapters/' },
      to: { path: '^src/(lab|commands|base|cli|worker)' },
    },
    {
      // Named is what it may know: a folder that comes later is none of its business.
      name: 'the-oracle-imports-records-history-and-models-only',
      severity: 'error',
      from: { path: ['^src/core/oracle/', '^src/core/pipelines/[^/]+/model'], pathNot: '\\.test\\.ts$' },
      to: { path: '^src/', pathNot: ['^src/core/(oracle|contracts|history)/', '^src/core/errors\\.ts$', '^src/core/pipelines/[^/]+/model'] },
    },
    {
      name: 'pipelines-do-not-import-each-other',
      severity: 'error',
      from: { path: '^src/core/pipelines/([^/]+)/' },
      to: { path: '^src/core/pipelines/[^/]+/', pathNot: '^src/core/pipelines/$1/' },
    },
    {
      name: 'commands-are-thin',
      severity: 'error',
      from: { path: '^src/commands/' },
      to: { pathNot: ['^src/(lab|base|core)', '^src/commands/', '^node_modules/@oclif/', '^(node:)?(path|fs)'] },
    },
    {
      name: 'the-killed-process-stays-small',
      severity: 'error',
      from: { path: '^src/worker(/|\\.ts$)' },
      to: { path: ['^src/adapters/(terminal|formats|proxy|process|raw-log|sqlite-dump)/', '^src/(lab|commands|base|cli)(/|\\.ts$)', '^src/core/(oracle|sim|report)/'] },
    },
    {
      name: 'only-tests-and-scripts-import-what-tests-share',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/testing/', '\\.(test|contract)\\.ts$'] },
      to: { path: '^src/testing/' },
    },
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-orphans', severity: 'error', from: { orphan: true, pathNot: ['\\.test\\.ts$', '\\.d\\.ts$'] }, to: {} },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.js'], exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
}
