/** Flags that `opa` and `opb` share. Nothing else is here, so that help stays fast. */
import * as Flags from '@oclif/core/flags'

export const operatorFlags = {
  prefix: Flags.string({
    summary: 'before every topic, group and transactional id; literal',
    default: '',
    helpValue: 'p1.',
  }),
  batch: Flags.string({ summary: 'records per transaction at most', default: '500', helpValue: 'N' }),
  'commit-interval': Flags.string({
    summary: 'a transaction waits this long for more records',
    default: '100ms',
    helpValue: '100ms',
  }),
  isolation: Flags.string({
    summary: 'what is read of the input',
    options: ['read_committed', 'read_uncommitted'],
    default: 'read_committed',
  }),
  group: Flags.string({ summary: 'consumer group that holds the committed offsets', helpValue: 'GROUP' }),
  tasks: Flags.string({ summary: 'input partitions to own (default: all)', helpValue: '0,1' }),
  instance: Flags.string({
    summary: 'letter of this process where several share the tasks; its state has a folder of its own',
    default: 'a',
    helpValue: 'b',
  }),
  'until-caught-up': Flags.boolean({ summary: 'end when everything committed so far is processed' }),
  'metrics-port': Flags.string({
    summary: 'serve Prometheus metrics on 127.0.0.1 at this port (0: any free one)',
    helpValue: 'PORT',
  }),
  'crash-at': Flags.string({ summary: 'kill the worker there', helpValue: 'POINT[:hit]' }),
}
