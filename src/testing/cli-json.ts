/**
 * Is what a command printed with --json the document that contracts/cli.schema.json promises?
 *
 * Promises: a field that the schema does not know is a problem here, though readers are told to expect more.
 */
import { Ajv2020 } from 'ajv/dist/2020.js'
import { cliJsonSchema, COMMAND_JSON } from '../lab/json/commands.ts'

const ajv = new Ajv2020({ strict: false, allErrors: false })
ajv.addSchema(cliJsonSchema('output'), 'cli')

export function documentProblem(line: string, document: unknown): string | undefined {
  const failed = typeof document === 'object' && document !== null && 'error' in document
  const name = failed ? 'error' : commandOf(line)
  const valid = ajv.getSchema(`cli#/properties/${name.replaceAll(' ', '%20')}`)
  if (!valid) return `no schema is named ${name}`
  return valid(document) === true ? undefined : `not as promised: ${ajv.errorsText(valid.errors)}`
}

function commandOf(line: string): string {
  const known = Object.keys(COMMAND_JSON).find((name) => line === name || line.startsWith(`${name} `))
  if (known === undefined) throw new Error(`eoslab ${line}: a command without a schema`)
  return known
}
