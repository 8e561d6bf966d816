/** `eoslab topics create`: make the pipeline's topics under a prefix, those that are missing. */
import * as Flags from '@oclif/core/flags'
import { LabCommand } from '../../base.ts'

export default class TopicsCreate extends LabCommand {
  static override summary = "make the pipeline's topics under a prefix, those that are missing"
  static override examples = ['<%= config.bin %> topics create --prefix p1.']
  static override flags = {
    prefix: Flags.string({ summary: 'literal, its dot included', required: true, helpValue: 'P' }),
    partitions: Flags.integer({ summary: 'of each topic', default: 1, min: 1, max: 1000, helpValue: 'N' }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(TopicsCreate)
    const { createTopics } = await import('../../lab/workload/topics.ts')
    const topics = await createTopics({
      brokers: flags.brokers,
      stateDir: flags['state-dir'],
      prefix: flags.prefix,
      partitions: flags.partitions,
    })
    for (const topic of topics) this.print(topic)
    return { prefix: flags.prefix, topics }
  }
}
