/** Flags of `crash-matrix`. Nothing else is here, so that help stays fast. */
import * as Flags from '@oclif/core/flags'

export const matrixFlags = {
  at: Flags.string({
    summary: 'point, glob or <moment>-<step>, with an optional :hit (repeatable)',
    multiple: true,
    helpValue: 'POINT',
  }),
  full: Flags.boolean({ summary: 'every point, pair and loop: 50 distinct ones and more' }),
  faults: Flags.boolean({ summary: 'every fault beyond a kill: damaged files, a full disk, a dead broker' }),
  hits: Flags.string({
    summary: 'kill at these hits, counted first where nobody kills; batches are then cut by count',
    helpValue: 'first,middle,last',
  }),
  list: Flags.boolean({ summary: 'print the crash points and end' }),
  repeat: Flags.string({ summary: 'runs of each cell', default: '1', helpValue: 'N' }),
  seed: Flags.string({ summary: 'seed of workload and kills', default: '7', helpValue: 'N' }),
  orders: Flags.string({ summary: 'orders per cell (default 2000, or all of --from)', helpValue: 'N' }),
  keys: Flags.string({
    summary: 'store-product pairs of the generated orders, evenly used (default: 50, some popular)',
    helpValue: 'N',
  }),
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
  mutant: Flags.string({
    summary: 'simulated: with this mutant; with --mutants: only these, a,b',
    helpValue: 'NAME',
  }),
  mutants: Flags.boolean({ summary: 'run every broken twin instead, and print the mutation score' }),
  shrink: Flags.string({
    summary: 'reduce an invalid cell of that stored run: fewer kills, fewer orders',
    helpValue: 'RESULTS',
  }),
  keep: Flags.boolean({ summary: 'keep topics and state of all cells, on a broker that stays' }),
}
