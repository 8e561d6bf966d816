/** The completion script of a shell. */
import { bashCompletion } from './bash.ts'
import { fishCompletion } from './fish.ts'
import { completionModel, type Model } from './model.ts'
import { zshCompletion } from './zsh.ts'

const SCRIPTS: Readonly<Record<string, (model: Model) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
}

export const completion = (shell: string): string => SCRIPTS[shell]!(completionModel())
