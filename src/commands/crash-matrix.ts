/** `eoslab crash-matrix`: kills at named points, recoveries, a verdict for each. */
import * as Flags from '@oclif/core/flags'
import { LabCommand } from '../base.ts'
import { exitOf } from '../core/oracle/verdict.ts'

export default class CrashMatrix extends LabCommand {
  static override summary = 'kill the pipeline at named points, let it recover, judge everything committed'
  static override description =
    'Each cell is a pipeline of real processes on a real Kafka, one SIGKILL at one point while load flows, a restart, ' +
    'and the oracle. Without --at: every point, random kills, and one OpB cell whose local state is deleted. ' +
    'Exit code 0 all valid, 1 an anomaly, 3 a cell that proves nothing (vacuous) or could not be judged (unknown).'
  static override examples = [
    '<%= config.bin %> crash-matrix --at mid-commit',
    '<%= config.bin %> crash-matrix --at opb.commit.mid:5 --seed 7 --repeat 3 --json',
    '<%= config.bin %> crash-matrix --from orders.csv --window 86400s',
    '<%= config.bin %> crash-matrix --list',
    '<%= config.bin %> crash-matrix --mutants',
  ]
  static override flags = {
    at: Flags.string({
      summary: 'point, glob or <moment>-<step>, with an optional :hit (repeatable)',
      multiple: true,
      helpValue: 'POINT',
    }),
    full: Flags.boolean({ summary: 'every point, pair and loop: 50 distinct ones and more' }),
    hits: Flags.string({
      summary: 'kill at these hits, counted by a run without a kill; batches are then cut by count',
      helpValue: 'first,middle,last',
    }),
    list: Flags.boolean({ summary: 'print the crash points and end' }),
    repeat: Flags.string({ summary: 'runs of each cell', default: '1', helpValue: 'N' }),
    seed: Flags.string({ summary: 'seed of workload and kills', default: '7', helpValue: 'N' }),
    orders: Flags.string({ summary: 'orders per cell (default 2000, or all of --from)', helpValue: 'N' }),
    partitions: Flags.string({ summary: 'partitions of every topic', default: '1', helpValue: 'N' }),
    instances: Flags.string({
      summary: 'processes per operator; with 2 or more the tasks of a killed one are taken over',
      helpValue: 'N',
    }),
    from: Flags.string({ summary: 'orders from a file: CSV with header, or JSON Lines', helpValue: 'FILE' }),
    window: Flags.string({ summary: 'window of the aggregates', default: '60s', helpValue: '60s' }),
    cold: Flags.boolean({ summary: "delete OpB's local state between kill and restart" }),
    'metrics-port': Flags.string({
      summary: 'serve Prometheus metrics on 127.0.0.1 at this port (0: any free one)',
      helpValue: 'PORT',
    }),
    log: Flags.string({
      summary: 'real Kafka, or in memory',
      options: ['kafka', 'simulated'],
      default: 'kafka',
    }),
    schedules: Flags.string({ summary: 'simulated: how many', default: '2000', helpValue: 'N' }),
    replay: Flags.string({ summary: 'simulated: this schedule, with its timeline', helpValue: 'CASE' }),
    mutant: Flags.string({ summary: 'simulated: with this mutant', helpValue: 'NAME' }),
    mutants: Flags.boolean({
      summary: 'run every broken twin instead, and print the mutation score',
      exclusive: ['at', 'repeat', 'orders', 'partitions', 'from', 'cold', 'keep'],
    }),
    keep: Flags.boolean({ summary: 'keep topics and state of all cells, on a broker that stays' }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(CrashMatrix)
    if (flags.log === 'simulated') {
      const { simulate } = await import('../lab/simulate.ts')
      const { result, text } = await simulate({ ...flags, say: this.say })
      this.print(text)
      this.exitWith(exitOf(result.verdict))
      return result
    }
    const matrix = await import('../lab/matrix.ts')
    if (flags.list) {
      const { text, ...listed } = matrix.listPoints()
      this.print(text)
      return listed
    }
    if (flags.mutants) {
      const { runMutants, scoreForTerminal } = await import('../lab/mutants.ts')
      const score = await runMutants({
        ...flags,
        stateDir: flags['state-dir'],
        quiet: this.isQuiet,
        argv: this.argv,
      })
      this.print(scoreForTerminal(score))
      this.exitWith(exitOf(score.verdict))
      return score
    }
    const result = await matrix.crashMatrix({
      ...flags,
      stateDir: flags['state-dir'],
      metricsPort: flags['metrics-port'],
      quiet: this.isQuiet,
      argv: this.argv,
    })
    this.print(matrix.matrixText(result))
    this.exitWith(exitOf(result.verdict))
    return result
  }
}
