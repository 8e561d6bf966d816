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
      name: 'the-oracle-imports-no-operator-primitive-or-recovery-code',
      severity: 'error',
      from: { path: ['^src/core/oracle/', '^src/core/pipelines/[^/]+/model'], pathNot: '\\.test\\.ts$' },
      to: { path: ['^src/core/(primitives|recovery|crash|matrix|workload|wire|scenario)/', '^src/core/pipelines/[^/]+/(?!model)'] },
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
      to: { path: '^src/adapters/(terminal|formats|proxy|process)/' },
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
