/** Flags of the commands that work on OpB's tasks beside OpB itself: which task, and where its things lie. */
import * as Flags from '@oclif/core/flags'

const name = (summary: string) => Flags.string({ summary, helpGroup: 'NAMES', helpValue: 'NAME' })

export const verifyState = Flags.boolean({
  summary: 'check the checksum of every row of a local state at open (unasked: of up to 100,000 rows)',
})

export const taskFlags = {
  prefix: Flags.string({
    summary: 'prefix of the pipeline; without it, the OpB cell that the last matrix kept',
    env: 'EOSLAB_PREFIX',
    helpValue: 'p1.',
  }),
  task: Flags.integer({
    summary: 'only this input partition (repeatable; default: all)',
    multiple: true,
    min: 0,
  }),
  window: Flags.string({ summary: 'window of the state, where no state says it (60s)', helpValue: '60s' }),
  'snapshot-dir': Flags.string({
    summary: 'parent of the opb-<partition> snapshot folders',
    helpValue: 'DIR',
  }),
  group: name('group that holds the committed offsets'),
  input: name("OpB's input topic"),
  'changelog-topic': name('changelog topic'),
  'snapshots-topic': name('topic of the manifests'),
}
