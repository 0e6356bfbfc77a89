import type { Command } from 'commander'
import type { Leaf } from '../command.js'
import { completionScript, SHELLS } from '../completion/script.js'
import { UsageError } from '../errors.js'

interface CompletionArgs {
  readonly shell: string
}

/** @param program - the tree that is completed; whole by the time the command runs */
export function completion(program: Command): Leaf<CompletionArgs> {
  return {
    name: 'completion',
    parameter: ['<shell>', 'the shell'],
    choices: SHELLS,
    summary: 'Print a completion script for a shell',
    examples: [
      'countersign completion bash > ~/.local/share/bash-completion/completions/countersign',
      'countersign completion zsh > ~/.zfunc/_countersign',
      'countersign completion fish > ~/.config/fish/completions/countersign.fish',
    ],
    declare() {},
    async run({ shell }, io) {
      const known = SHELLS.find((name) => name === shell)
      if (known === undefined) throw new UsageError('There is no such shell here', `Give one of ${SHELLS.join(', ')}.`)
      io.stdout.write(completionScript(known, program))
      return 0
    },
  }
}
