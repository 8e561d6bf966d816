/** `eoslab topics list`: the topics under a prefix, or the prefixes that there are. */
import * as Flags from '@oclif/core/flags'
import { LabCommand } from '../../base.ts'

export default class TopicsList extends LabCommand {
  static override summary = 'list the topics under a prefix; without one, the prefixes'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --prefix p1.',
  ]
  static override flags = {
    prefix: Flags.string({ summary: 'literal, its dot included', helpValue: 'P' }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(TopicsList)
    const { listPrefixes, listTopics } = await import('../../lab/workload/topics.ts')
    const place = { brokers: flags.brokers, stateDir: flags['state-dir'] }
    if (flags.prefix === undefined) {
      const prefixes = await listPrefixes(place)
      for (const { prefix, topics } of prefixes) {
        this.print(`${prefix || '""'}  ${topics.length} topic${topics.length === 1 ? '' : 's'}`)
      }
      if (prefixes.length === 0) this.say('no prefix has topics of a pipeline: eoslab gen makes them')
      return { prefixes }
    }
    const topics = await listTopics({ ...place, prefix: flags.prefix })
    for (const topic of topics) this.print(topic)
    if (topics.length === 0)
      this.say(`no topic begins with ${flags.prefix}; the prefixes: eoslab topics list`)
    return { prefix: flags.prefix, topics }
  }
}
