/**
 * The generated files under contracts/, by name: what `npm run contracts` writes and a test compares.
 */
import { RECORD_SCHEMAS, recordJsonSchema } from '../core/contracts/schemas.ts'
import { scenarioJsonSchema } from '../core/scenario/schema.ts'
import { cliJsonSchema } from '../lab/json/commands.ts'
import { goldenOrders } from './golden-orders.ts'

export function contractFiles(): Record<string, string> {
  const schemas: Record<string, object> = { scenario: scenarioJsonSchema(), cli: cliJsonSchema() }
  for (const name of Object.keys(RECORD_SCHEMAS) as (keyof typeof RECORD_SCHEMAS)[]) {
    schemas[name] = recordJsonSchema(name)
  }
  const files = Object.entries(schemas).map(([name, schema]) => [
    `${name}.schema.json`,
    `${JSON.stringify(schema, null, 2)}\n`,
  ])
  return { ...(Object.fromEntries(files) as Record<string, string>), 'golden/orders.jsonl': goldenOrders() }
}
