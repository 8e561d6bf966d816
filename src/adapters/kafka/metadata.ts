/**
 * Metadata v12, spoken over kafkajs's connection: it alone gives topic ids (KIP-516), which kafkajs's own
 * requests (v6 at most) do not. A recreated topic has the same name and another id; recovery must know.
 */
import Encoder from 'kafkajs/src/protocol/encoder.js'
import Decoder from 'kafkajs/src/protocol/decoder.js'
import type { KafkaBroker, ProtocolRequest } from 'kafkajs/src/cluster/index.js'
import type { TopicIdentity } from '../../core/ports/log.ts'

export interface MetadataAnswer {
  readonly clusterId: string
  /** Topics that exist, of those asked for. */
  readonly topics: readonly TopicIdentity[]
}

const METADATA = 3
const NO_TOPIC_ID = Buffer.alloc(16)

function encode(topics: readonly string[]): Encoder {
  // A flexible request header is the plain one plus tagged fields: kafkajs writes the plain one, so the
  // tag buffer (empty) opens the body.
  const body = new Encoder().writeUVarInt(0).writeUVarInt(topics.length + 1)
  for (const topic of topics) body.writeBuffer(NO_TOPIC_ID).writeUVarIntString(topic).writeUVarInt(0)
  return body.writeBoolean(false).writeBoolean(false).writeUVarInt(0)
}

function skipArray(decoder: Decoder, item: () => void): number {
  const length = decoder.readUVarInt() - 1
  for (let i = 0; i < length; i++) item()
  return Math.max(length, 0)
}

function formatUuid(bytes: Buffer): string {
  return bytes.toString('base64url')
}

function decode(raw: Buffer): MetadataAnswer {
  const d = new Decoder(raw)
  d.readTaggedFields()
  d.readInt32()
  skipArray(d, () => {
    d.readInt32()
    d.readUVarIntString()
    d.readInt32()
    d.readUVarIntString()
    d.readTaggedFields()
  })
  const clusterId = d.readUVarIntString() ?? ''
  d.readInt32()
  const topics: TopicIdentity[] = []
  skipArray(d, () => {
    const error = d.readInt16()
    const topic = d.readUVarIntString() ?? ''
    const topicId = formatUuid(d.readBytes(16))
    d.readInt8()
    const partitions = skipArray(d, () => {
      d.readInt16()
      for (let i = 0; i < 3; i++) d.readInt32()
      for (let i = 0; i < 3; i++) skipArray(d, () => d.readInt32())
      d.readTaggedFields()
    })
    d.readInt32()
    d.readTaggedFields()
    if (error === 0) topics.push({ topic, topicId, partitions })
  })
  return { clusterId, topics }
}

export async function metadata(broker: KafkaBroker, topics: readonly string[]): Promise<MetadataAnswer> {
  const request: ProtocolRequest<MetadataAnswer> = {
    request: { apiKey: METADATA, apiVersion: 12, apiName: 'Metadata', encode: async () => encode(topics) },
    response: { decode: async (raw) => decode(raw), parse: async (data) => data },
  }
  return broker.connectionPool.send(request)
}
