/**
 * Builds dist/eoslab, the whole lab as one executable, and its checksum (Node's single executable
 * applications): one CommonJS bundle with a code cache, and as assets the two thread entries, SQLite's addon
 * with its digest, the command manifest, experiments, contracts and the broker's pins.
 *
 * Needs what `npm run build` left. `node scripts/binary.ts [OUT]`; the executable is for the platform it is
 * built on.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { build, type BuildOptions, type Plugin } from 'esbuild'
import { checkedOut } from '../src/adapters/host/provenance.ts'

const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2'
const THREADS = {
  'snapshot-thread': 'src/adapters/sqlite/snapshot-thread.ts',
  'simulate-thread': 'src/lab/simulated/simulate-thread.ts',
}
/** Read by their path from the root of the checkout, as src/program/files.ts does. */
const FILES = [
  'package.json',
  'oclif.manifest.json',
  'experiments/**/*',
  'contracts/**/*',
  'src/adapters/process/kafka/*',
]

const root = path.resolve(import.meta.dirname, '..')
const at = (...parts: string[]): string => path.join(root, ...parts)
const out = path.resolve(process.argv[2] ?? at('dist'))
mkdirSync(out, { recursive: true })
const scratch = mkdtempSync(path.join(out, '.binary-'))
const made = (name: string): string => path.join(scratch, name)

/** better-sqlite3 looks for its addon in its folder; here it comes out of the executable. */
const addonFromInside: Plugin = {
  name: 'addon-from-inside',
  setup(builder) {
    builder.onLoad({ filter: /better-sqlite3\/lib\/binding\.js$/ }, () => ({
      contents: `const { sqliteAddon } = require(${JSON.stringify(at('src/program/addon.ts'))})
        exports.getBinding = () => sqliteAddon()`,
      resolveDir: root,
    }))
  },
}

const common: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node24',
  minify: true,
  keepNames: true,
  legalComments: 'none',
  logLevel: 'warning',
  // With a code cache there is no import(); what is bundled needs none.
  supported: { 'dynamic-import': false },
  define: {
    'import.meta.dirname': '__dirname',
    'import.meta.filename': '__filename',
    'import.meta.url': '__moduleUrl',
    'process.env.NODE_ENV': '"production"',
  },
  banner: { js: "const __moduleUrl = require('node:url').pathToFileURL(__filename).href;" },
  // Loaded by the command framework in a project that is written in TypeScript: never here.
  external: ['typescript', 'tsx', 'ts-node'],
  plugins: [addonFromInside],
  // The form of it that reads no file.
  alias: { '@platformatic/wasm-utils': at('node_modules/@platformatic/wasm-utils/dist/bundled.js') },
}

function entry(): string {
  const commands = globSync('src/commands/**/*.ts', { cwd: root, exclude: ['**/*.test.ts'] })
  const rows = commands.toSorted().map((file) => {
    const id = path.relative('src/commands', file).replace(/\.ts$/, '').replaceAll(path.sep, ':')
    return `${JSON.stringify(id)}: () => import(${JSON.stringify(`./${file}`)})`
  })
  return `import { single } from './src/single.ts'\nvoid single({ ${rows.join(',\n')} })\n`
}

async function bundles(): Promise<void> {
  const main = { contents: entry(), resolveDir: root, sourcefile: 'entry.ts', loader: 'ts' } as const
  await build({ ...common, stdin: main, outfile: made('eoslab.cjs') })
  for (const [name, file] of Object.entries(THREADS)) {
    await build({ ...common, entryPoints: [file], outfile: made(`${name}.cjs`) })
  }
}

async function assets(): Promise<Record<string, string>> {
  const { glibcVersionRuntime } = (process.report.getReport() as { header: { glibcVersionRuntime?: string } })
    .header
  const platform =
    process.platform === 'linux' && glibcVersionRuntime === undefined ? 'linuxmusl' : process.platform
  const addon = at(`node_modules/better-sqlite3/prebuilds/${platform}-${process.arch}.node`)
  writeFileSync(made('addon.sha256'), digestOf(addon))
  writeFileSync(made('build.json'), JSON.stringify(await checkedOut(root)))
  const files = globSync(FILES, { cwd: root }).filter((name) => statSync(at(name)).isFile())
  return {
    ...Object.fromEntries(files.map((name) => [name, at(name)])),
    ...Object.fromEntries(Object.keys(THREADS).map((name) => [`threads/${name}.cjs`, made(`${name}.cjs`)])),
    'better_sqlite3.node': addon,
    'better_sqlite3.sha256': made('addon.sha256'),
    'build.json': made('build.json'),
  }
}

const digestOf = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex')

async function inject(): Promise<void> {
  const config = {
    main: made('eoslab.cjs'),
    output: made('blob'),
    disableExperimentalSEAWarning: true,
    useCodeCache: true,
    execArgvExtension: 'none',
    assets: await assets(),
  }
  writeFileSync(made('sea.json'), JSON.stringify(config))
  execFileSync(process.execPath, ['--experimental-sea-config', made('sea.json')], { stdio: 'pipe' })
  const executable = made('eoslab')
  copyFileSync(process.execPath, executable)
  chmodSync(executable, 0o755)
  // Before the injection: afterwards it would break the file.
  execFileSync('strip', [executable])
  // As a process, because it warns about sections that are none of its business.
  execFileSync('postject', [executable, 'NODE_SEA_BLOB', made('blob'), '--sentinel-fuse', FUSE], {
    stdio: 'pipe',
    env: { ...process.env, PATH: `${at('node_modules/.bin')}:${process.env['PATH']}` },
  })
}

try {
  await bundles()
  await inject()
  const sum = `${digestOf(made('eoslab'))}  eoslab\n`
  renameSync(made('eoslab'), path.join(out, 'eoslab'))
  writeFileSync(path.join(out, 'eoslab.sha256'), sum)
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
const megabytes = statSync(path.join(out, 'eoslab')).size / 1e6
process.stdout.write(`${path.relative('.', path.join(out, 'eoslab'))}: ${megabytes.toFixed(1)} MB\n`)
