import { createRequire } from 'node:module'
import { Command } from 'commander'
import { addLeaf, type Settle } from './command.js'
import { completion } from './commands/completion.js'
import { create } from './commands/keys-create.js'
import { exportJwks } from './commands/keys-export-jwks.js'
import { importKey } from './commands/keys-import.js'
import { list } from './commands/keys-list.js'
import { retire } from './commands/keys-retire.js'
import { rotate } from './commands/keys-rotate.js'
import { sign } from './commands/sign.js'
import { inspect } from './commands/token-inspect.js'
import { mint } from './commands/token-mint.js'
import { verify } from './commands/verify.js'
import type { Io } from './io.js'

const { version }: { readonly version: string } = createRequire(import.meta.url)('../package.json')

const SECRETS = `
Secrets come from the environment, a file or standard input, never from the command line.
Exit codes: 0 done or accepted, 1 failed or refused, 2 wrong usage.
`

/** The tree of commands. */
export function buildProgram(io: Io, settle: Settle): Command {
  const program = new Command('countersign')
    .description('Keys and their rotation, tokens, signed requests and why one was refused.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'show the help of a command')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      // Its errors repeat arguments: run.ts tells them.
      outputError: () => {},
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .addHelpText('after', SECRETS)

  const keys = group(program, 'keys', 'Create, list, rotate, retire, import and publish the keys of a key file')
  addLeaf(keys, create, settle)
  addLeaf(keys, list, settle)
  addLeaf(keys, rotate, settle)
  addLeaf(keys, retire, settle)
  addLeaf(keys, importKey, settle)
  addLeaf(keys, exportJwks, settle)
  const token = group(program, 'token', 'Mint and inspect JWT bearer tokens')
  addLeaf(token, mint, settle)
  addLeaf(token, inspect, settle)
  addLeaf(program, sign, settle)
  addLeaf(program, verify, settle)
  addLeaf(program, completion(program), settle)
  return program
}

function group(program: Command, name: string, summary: string): Command {
  const command = new Command(name).description(summary).copyInheritedSettings(program)
  program.addCommand(command)
  return command
}
