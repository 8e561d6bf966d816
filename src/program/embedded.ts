/**
 * The command framework's configuration for the single executable, where it finds no files to look for
 * commands in: the manifest and the command classes come from the program itself.
 */
import { Config, Plugin } from '@oclif/core/config'
import type { Command } from '@oclif/core/command'
import { settings } from '@oclif/core/settings'
import { ownText, ROOT } from './files.ts'

/** Loads each command's module when it is called for, by the manifest's id: `broker:start`. */
export type CommandTable = Readonly<Record<string, () => Promise<{ default: Command.Class }>>>

class EmbeddedPlugin extends Plugin {
  table: CommandTable = {}

  override async findCommand(id: string, options: { must: true }): Promise<Command.Class>
  override async findCommand(id: string, options?: { must: boolean }): Promise<Command.Class | undefined>
  override async findCommand(id: string, options?: { must: boolean }): Promise<Command.Class | undefined> {
    const found = (await this.table[id]?.())?.default
    if (found === undefined) {
      if (options?.must) throw new Error(`command ${id} not found`)
      return undefined
    }
    found.id = id
    found.plugin = this
    return found
  }
}

export async function embeddedConfig(table: CommandTable): Promise<Config> {
  settings.enableAutoTranspile = false
  const whole = JSON.parse(ownText('package.json'))
  const { commands: _files, ...oclif } = whole.oclif
  const pjson = { ...whole, oclif }
  const plugin = new EmbeddedPlugin({
    isRoot: true,
    ignoreManifest: true,
    name: pjson.name,
    pjson,
    root: ROOT,
  })
  await plugin.load()
  plugin.table = table
  const manifest = JSON.parse(ownText('oclif.manifest.json')) as {
    commands: Record<string, Command.Cached>
  }
  plugin.commandIDs = Object.keys(manifest.commands)
  plugin.commands = Object.entries(manifest.commands).map(([id, command]) => ({
    ...command,
    load: () => plugin.findCommand(id, { must: true }),
    pluginAlias: plugin.alias,
    pluginType: plugin.type,
  }))
  return Config.load({ root: ROOT, pjson: plugin.pjson, plugins: new Map([[plugin.name, plugin]]) })
}
