/** `eoslab crash-matrix`: kills at named points, recoveries, a verdict for each. */
import { LabCommand } from '../base.ts'
import { exitOf } from '../core/oracle/verdict.ts'
import { matrixFlags } from '../lab/matrix/matrix-flags.ts'
import { ciFlags } from '../lab/report/ci-flags.ts'

export default class CrashMatrix extends LabCommand {
  static override summary = 'kill the pipeline at named points, let it recover, judge everything committed'
  static override description =
    'Each cell is a pipeline of real processes on a real Kafka, one SIGKILL at one point while load flows, a restart, ' +
    'and the oracle. Without --at: the points around produce, commit and apply, random kills, and one OpB cell whose local state is deleted. ' +
    'Exit code 0 all valid, 1 an anomaly, 3 a cell that proves nothing (vacuous) or could not be judged (unknown).'
  static override examples = [
    '<%= config.bin %> crash-matrix --at mid-commit',
    '<%= config.bin %> crash-matrix --at opb.commit.mid:5 --seed 7 --repeat 3 --json',
    '<%= config.bin %> crash-matrix --from orders.csv --window 86400s',
    '<%= config.bin %> crash-matrix --list',
    '<%= config.bin %> crash-matrix --mutants',
  ]
  static override flags = { ...matrixFlags, ...ciFlags }

  async run(): Promise<unknown> {
    const { flags, raw } = await this.parse(CrashMatrix)
    const { modeOf } = await import('../lab/matrix/modes.ts')
    const mode = modeOf(flags, raw)
    const ci = await import('../lab/report/ci.ts')
    const files = await ci.ciFiles(flags)
    if (mode === 'simulated') {
      const { simulate } = await import('../lab/simulated/simulate.ts')
      const { result, text, outcome } = await simulate({ ...flags, argv: this.argv, say: this.say })
      this.print(text)
      await files.write(outcome)
      this.exitWith(exitOf(result.verdict))
      return result
    }
    if (flags.shrink !== undefined) {
      const { shrinkRun, shrunkForTerminal } = await import('../lab/matrix/shrink.ts')
      const options = { brokers: flags.brokers, stateDir: flags['state-dir'], quiet: this.isQuiet }
      const shrunk = await shrinkRun(flags.shrink, { ...options, argv: this.argv, say: this.say })
      this.print(shrunkForTerminal(shrunk))
      this.exitWith(exitOf(shrunk.verdict))
      return shrunk
    }
    const matrix = await import('../lab/matrix/matrix.ts')
    if (mode === 'list') {
      const { text, ...listed } = matrix.listPoints()
      this.print(text)
      return listed
    }
    if (mode === 'mutants') {
      const { runMutants, scoreForTerminal } = await import('../lab/matrix/mutants.ts')
      const score = await runMutants({
        ...flags,
        only: flags.mutant,
        stateDir: flags['state-dir'],
        quiet: this.isQuiet,
        verbose: this.isVerbose,
        argv: this.argv,
      })
      this.print(scoreForTerminal(score))
      await files.write(ci.ofScore(score))
      this.exitWith(exitOf(score.verdict))
      return score
    }
    const result = await matrix.crashMatrix({
      ...flags,
      stateDir: flags['state-dir'],
      metricsPort: flags['metrics-port'],
      quiet: this.isQuiet,
      verbose: this.isVerbose,
      argv: this.argv,
    })
    this.print(matrix.matrixText(result))
    await files.write(ci.ofRuns([result]))
    this.exitWith(exitOf(result.verdict))
    return result
  }
}
