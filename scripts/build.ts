/**
 * Builds dist/: tsc for everything, one esbuild bundle for the worker (the process that gets killed starts
 * faster from one file), and the command manifest so that `--help` need not load every command.
 */
import { cpSync, existsSync, rmSync, writeFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { build } from 'esbuild'

const root = path.resolve(import.meta.dirname, '..')
const at = (...parts: string[]): string => path.join(root, ...parts)

rmSync(at('dist'), { recursive: true, force: true })
execFileSync(
  process.execPath,
  [at('node_modules/@typescript/native/bin/tsc'), '-p', at('tsconfig.build.json')],
  {
    stdio: 'inherit',
  },
)
const assets = at('src/adapters/process/kafka')
if (existsSync(assets)) cpSync(assets, at('dist/adapters/process/kafka'), { recursive: true })

const threads = ['src/worker.ts', 'src/adapters/sqlite/snapshot-thread.ts'].filter((file) =>
  existsSync(at(file)),
)
await build({
  absWorkingDir: root,
  entryPoints: threads,
  outdir: at('dist'),
  outbase: at('src'),
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  external: ['better-sqlite3', 'kafkajs-as-released', 'prom-client'],
  keepNames: true,
  allowOverwrite: true,
  banner: {
    js: "import { createRequire as __cr } from 'node:module'; const require = __cr(import.meta.url);",
  },
  logLevel: 'warning',
})

rmSync(at('oclif.manifest.json'), { force: true })
const { Config } = await import('@oclif/core')
const config = await Config.load({ root, ignoreManifest: true } as never)
const plugin = config.plugins.get('eoslab')
if (!plugin) throw new Error('oclif did not find the eoslab plugin in package.json')
const { manifest } = plugin as unknown as { manifest: object }
writeFileSync(at('oclif.manifest.json'), JSON.stringify(manifest))
writeFileSync(at('dist/.built'), '')
