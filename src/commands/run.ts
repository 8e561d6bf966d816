/** `eoslab run FILE...`: experiments from YAML. */
import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { LabCommand } from '../base.ts'
import { exitOf } from '../core/oracle/verdict.ts'
import { ciFlags } from '../lab/report/ci-flags.ts'

export default class Run extends LabCommand {
  static override summary = 'run experiments from YAML files and check their expectations'
  static override description =
    'Every file is checked before the first one runs. Exit code 0 when all expectations are met (a caught mutant included), ' +
    '1 when one is missed, 3 when a cell proves nothing or could not be judged.'
  static override examples = [
    '<%= config.bin %> run experiments/plan/p1.yaml',
    '<%= config.bin %> run experiments/mutants/*.yaml --json',
  ]
  static override strict = false
  static override args = { file: Args.string({ description: 'experiment files', required: true }) }
  static override flags = {
    from: Flags.string({ summary: 'orders from this file instead', helpValue: 'FILE' }),
    seed: Flags.string({ summary: "another seed than the file's", helpValue: 'N' }),
    'metrics-port': Flags.string({
      summary: 'serve Prometheus metrics on 127.0.0.1 at this port (0: any free one)',
      helpValue: 'PORT',
    }),
    ...ciFlags,
  }

  async run(): Promise<unknown> {
    const { argv, flags } = await this.parse(Run)
    const ci = await import('../lab/report/ci.ts')
    const files = await ci.ciFiles(flags)
    const lab = await import('../lab/matrix/run-files.ts')
    const done = await lab.runFiles(argv as string[], {
      brokers: flags.brokers,
      stateDir: flags['state-dir'],
      quiet: this.isQuiet,
      verbose: this.isVerbose,
      argv: this.argv,
      from: flags.from,
      seed: flags.seed,
      metricsPort: flags['metrics-port'],
      onRun: (text) => this.print(text),
    })
    await files.write(ci.ofRuns(done.runs))
    this.exitWith(exitOf(done.verdict))
    return done.runs.length === 1 ? done.runs[0] : done
  }
}
