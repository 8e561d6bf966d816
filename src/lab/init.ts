/**
 * A folder to start from: an experiment with the reason for each line, its schema for the editor, a Makefile.
 *
 * Promises: writes into a folder that is new or empty, and nothing anywhere else; the experiment is one that
 * `eoslab run` takes.
 */
import { accessSync, constants } from 'node:fs'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { LabError, messageOf } from '../core/errors.ts'
import { refuseKernelFolder } from '../program/real-folder.ts'
import { ownText, ROOT, SINGLE } from '../program/files.ts'

export interface Initialised {
  readonly folder: string
  readonly files: readonly string[]
  readonly next: readonly string[]
}

const EXPERIMENT = `# yaml-language-server: $schema=./scenario.schema.json
# Kill both operators where it hurts most, let them recover, and judge all that was committed.
name: my-lab
description: My first experiment

# One seed, one experiment: the orders, the cells and the hits follow from it.
seed: 7
orders: 2000
window: 60s

# Where to kill: a full name, a glob, or <moment>-<step> for both operators.
# \`eoslab crash-matrix --list\` explains them all.
points:
  - mid-commit
  - opb.apply.before

# What must come out; anything else makes \`make\` fail. Time to recover is from "the process is gone" to
# the first output committed after it.
expect:
  verdict: valid
  max:
    ttr_ms: 10s
`

const README = `# My lab

\`make\` runs experiment.yaml: it starts a Kafka broker of its own, kills, recovers, judges; \`make report\` shows the result.
\`make control\` runs a pipeline that counts orders twice. It must be caught, or the judge is not worth believing.
To change what is killed and what is expected, edit experiment.yaml; your editor knows its fields by scenario.schema.json.
Results lie in results/, the newest in results/latest; \`eoslab explain opb.commit.mid\` tells one cell on a timeline.
`

const makefile = (eoslab: string): string => `EOSLAB ?= ${eoslab}

run: ## the experiment; fails if its expectations are not met
\t$(EOSLAB) run experiment.yaml

control: ## a pipeline with one thing wrong, which must be caught
\t$(EOSLAB) run experiments/mutants/at-least-once.yaml

report: ## the newest results as one page
\t$(EOSLAB) report --format html > report.html

clean:
\trm -rf .eoslab results report.html

.PHONY: run control report clean
`

export async function initialise(name: string): Promise<Initialised> {
  const folder = path.resolve(name)
  const eoslab = onPath() ? 'eoslab' : SINGLE ? process.execPath : path.join(ROOT, 'bin/eoslab')
  const files: Readonly<Record<string, string>> = {
    'experiment.yaml': EXPERIMENT,
    'scenario.schema.json': ownText('contracts/scenario.schema.json'),
    Makefile: makefile(eoslab),
    'README.md': README,
    '.gitignore': '.eoslab/\nresults/\nreport.html\n',
  }
  refuseKernelFolder(folder, 'init', 'USAGE')
  await requireEmpty(folder)
  try {
    await mkdir(folder, { recursive: true })
    // 'wx': should somebody write here at the same time, theirs stays.
    for (const [file, text] of Object.entries(files)) {
      await writeFile(path.join(folder, file), text, { flag: 'wx' })
    }
  } catch (error) {
    throw new LabError('USAGE', `${folder} cannot be written: ${messageOf(error)}`, {
      hint: 'Choose another folder: eoslab init DIR',
      cause: error,
    })
  }
  const next = [`cd ${name}`, `${eoslab} doctor`, 'make', 'make report']
  return { folder, files: Object.keys(files), next }
}

async function requireEmpty(folder: string): Promise<void> {
  const found = await readdir(folder).catch((error: unknown) => {
    if ((error as { code?: unknown }).code === 'ENOENT') return []
    throw new LabError('USAGE', `${folder} is no folder to write into: ${messageOf(error)}`, {
      hint: 'Choose another folder: eoslab init DIR',
      cause: error,
    })
  })
  if (found.length === 0) return
  throw new LabError('USAGE', `${folder} is not empty: it holds ${found.slice(0, 3).join(', ')}`, {
    hint: 'Nothing was written. Choose a new folder: eoslab init DIR',
  })
}

function onPath(): boolean {
  return (process.env['PATH'] ?? '').split(path.delimiter).some((folder) => {
    try {
      accessSync(path.join(folder, 'eoslab'), constants.X_OK)
      return folder !== ''
    } catch {
      return false
    }
  })
}
