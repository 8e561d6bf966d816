/**
 * The parts of kafkajs 2.2.4 below its public API that the lab stands on: the protocol layer. The version
 * is pinned and patched openly (patches/), so these shapes do not move under us.
 */
declare module 'kafkajs/src/cluster/index.js' {
  export interface KafkaBroker {
    nodeId: string
    connectionPool: { send<T>(request: ProtocolRequest<T>): Promise<T> }
    fetch(options: object): Promise<FetchResponse>
    listOffsets(
      options: object,
    ): Promise<{ responses: { partitions: { partition: number; offset: string }[] }[] }>
    offsetFetch(
      options: object,
    ): Promise<{ responses: { topic: string; partitions: { partition: number; offset: string }[] }[] }>
  }
  export interface ProtocolRequest<T> {
    request: { apiKey: number; apiVersion: number; apiName: string; encode(): Promise<unknown> }
    response: { decode(raw: Buffer): Promise<T>; parse(data: T): Promise<T> }
  }
  export interface FetchPartition {
    partition: number
    errorCode: number
    highWatermark: string
    lastStableOffset: string
    messages: RawMessage[] & { nextOffset?: bigint }
  }
  export interface RawMessage {
    offset: string
    timestamp: string
    key: Buffer | null
    value: Buffer | null
    headers: Record<string, Buffer | Buffer[] | null>
    isControlRecord: boolean
    batchContext: { firstOffset: string; lastOffsetDelta: number }
  }
  export interface FetchResponse {
    responses: { topicName: string; partitions: FetchPartition[] }[]
  }
  export default class Cluster {
    constructor(options: object)
    connect(): Promise<void>
    disconnect(): Promise<void>
    isConnected(): boolean
    addMultipleTargetTopics(topics: string[]): Promise<void>
    refreshMetadata(): Promise<void>
    findControllerBroker(): Promise<KafkaBroker>
    findBroker(options: { nodeId: string }): Promise<KafkaBroker>
    findLeaderForPartitions(topic: string, partitions: number[]): Record<string, number[]>
    findGroupCoordinator(options: { groupId: string }): Promise<KafkaBroker>
  }
}

declare module 'kafkajs/src/consumer/batch.js' {
  import type { FetchPartition, RawMessage } from 'kafkajs/src/cluster/index.js'
  export default class Batch {
    constructor(topic: string, fetchedOffset: string, data: FetchPartition)
    messages: RawMessage[]
  }
}

declare module 'kafkajs-as-released/src/consumer/batch.js' {
  export { default } from 'kafkajs/src/consumer/batch.js'
}

declare module 'kafkajs/src/retry/defaults.js' {
  const defaults: {
    maxRetryTime: number
    initialRetryTime: number
    factor: number
    multiplier: number
    retries: number
  }
  export default defaults
}

declare module 'kafkajs/src/loggers/index.js' {
  const loggers: {
    createLogger(options: { level: number; logCreator: (level: number) => (entry: unknown) => void }): object
  }
  export default loggers
}

declare module 'kafkajs/src/protocol/encoder.js' {
  export default class Encoder {
    writeUVarInt(value: number): this
    writeUVarIntString(value: string | null): this
    writeBuffer(value: Buffer): this
    writeBoolean(value: boolean): this
  }
}

declare module 'kafkajs/src/protocol/decoder.js' {
  export default class Decoder {
    constructor(buffer: Buffer)
    readInt8(): number
    readInt16(): number
    readInt32(): number
    readUVarInt(): number
    readUVarIntString(): string | null
    readBytes(length: number): Buffer
    readTaggedFields(): unknown
  }
}
