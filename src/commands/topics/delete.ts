/** `eoslab topics delete`: delete the topics under a prefix. */
import * as Flags from '@oclif/core/flags'
import { LabCommand } from '../../base.ts'

export default class TopicsDelete extends LabCommand {
  static override summary = 'delete the topics under a prefix'
  static override examples = ['<%= config.bin %> topics delete --prefix p1.']
  static override flags = {
    prefix: Flags.string({ summary: 'literal, its dot included', required: true, helpValue: 'P' }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(TopicsDelete)
    const { deleteTopics } = await import('../../lab/workload/topics.ts')
    const topics = await deleteTopics({
      brokers: flags.brokers,
      stateDir: flags['state-dir'],
      prefix: flags.prefix,
    })
    for (const topic of topics) this.print(topic)
    return { prefix: flags.prefix, topics }
  }
}
