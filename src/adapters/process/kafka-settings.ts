/**
 * The settings of the lab's broker: one node, quick to start, quick to time out, nothing lost by age.
 *
 * Promises: every name is one that Kafka 4.3 knows; the same
 * settings stand in docker-compose.yml, checked by a test.
 * Does not: make a cluster. Replication is 1; what is tested is the protocol, not the disks.
 */

export interface BrokerPorts {
  /** Clients that go straight to the broker. */
  readonly direct: number
  /** Where the second listener listens... */
  readonly proxied: number
  /** ...and the port it sends its clients to, for a wire proxy to take. */
  readonly advertised: number
  readonly controller: number
}

/** Everything that has nothing to do with addresses. */
export const LAB_SETTINGS: Readonly<Record<string, string>> = {
  'num.network.threads': '2',
  'num.io.threads': '4',
  'num.recovery.threads.per.data.dir': '1',
  'background.threads': '2',
  'num.partitions': '1',
  'default.replication.factor': '1',
  'auto.create.topics.enable': 'false',
  'offsets.topic.replication.factor': '1',
  'offsets.topic.num.partitions': '4',
  'offsets.retention.minutes': '5256000',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'transaction.state.log.num.partitions': '4',
  'share.coordinator.state.topic.replication.factor': '1',
  'share.coordinator.state.topic.min.isr': '1',
  'share.coordinator.state.topic.num.partitions': '1',
  'group.initial.rebalance.delay.ms': '0',
  'group.min.session.timeout.ms': '1000',
  'group.consumer.min.session.timeout.ms': '1000',
  'group.consumer.session.timeout.ms': '6000',
  'group.consumer.max.session.timeout.ms': '60000',
  'group.consumer.min.heartbeat.interval.ms': '200',
  'group.consumer.heartbeat.interval.ms': '500',
  'transaction.max.timeout.ms': '900000',
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': '1000',
  'broker.session.timeout.ms': '2000',
  'broker.heartbeat.interval.ms': '300',
  'controlled.shutdown.enable': 'true',
  'log.retention.ms': '-1',
  'log.initial.task.delay.ms': '500',
  'log.retention.check.interval.ms': '1000',
  'log.cleaner.backoff.ms': '500',
  'log.cleaner.min.cleanable.ratio': '0.01',
  'log.cleaner.min.compaction.lag.ms': '0',
  'log.cleaner.delete.retention.ms': '1000',
  'log.cleaner.dedupe.buffer.size': '4194304',
  'log.index.size.max.bytes': '1048576',
  'log.segment.delete.delay.ms': '500',
}

const HOST = '127.0.0.1'

/** The text of server.properties. Paths are relative to the broker's working folder, its data folder. */
export function serverProperties(ports: BrokerPorts): string {
  const settings = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@${HOST}:${ports.controller}`,
    listeners: `DIRECT://${HOST}:${ports.direct},PROXIED://${HOST}:${ports.proxied},CONTROLLER://${HOST}:${ports.controller}`,
    'advertised.listeners': `DIRECT://${HOST}:${ports.direct},PROXIED://${HOST}:${ports.advertised}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'DIRECT',
    'listener.security.protocol.map': 'DIRECT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': 'data',
    ...LAB_SETTINGS,
  }
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}
