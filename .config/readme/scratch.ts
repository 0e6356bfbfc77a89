import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const TSC = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url))

/** As strict as a reader's own project may be. The libraries' own declarations are checked by `check-packages.mjs`. */
const COMPILER_OPTIONS = {
  target: 'es2023',
  module: 'nodenext',
  types: ['node'],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noUnusedLocals: true,
  skipLibCheck: true,
  outDir: '.',
}

/** A program that a README shows, running. */
export interface Program {
  /** Where it listens. */
  readonly url: string
  /** All that it has printed so far. */
  readonly output: () => string
  /** Resolves when something that matches has been printed. */
  readonly printed: (pattern: RegExp) => Promise<RegExpExecArray>
}

/**
 * A folder inside a package, where code sees what a reader's code sees once it has installed the package: the build of it, and its
 * dependencies. Removed, with every program that was started in it, by `remove`.
 */
export class Scratch {
  readonly folder: string
  readonly #children: ChildProcessWithoutNullStreams[] = []

  /** @param packageUrl - the folder of the package */
  constructor(packageUrl: URL) {
    const parent = fileURLToPath(new URL('.readme/', packageUrl))
    mkdirSync(parent, { recursive: true })
    this.folder = mkdtempSync(parent)
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.folder, name), text)
  }

  /**
   * Compiles TypeScript blocks. One that begins with a comment such as `// verifier.ts` is that file, others are `1.ts`, `2.ts`, … by their
   * place. Returns what the compiler has to say: nothing, if all is well.
   */
  compile(blocks: readonly string[]): Promise<string> {
    const files = blocks.map((block, index) => /^\/\/ (\w+\.ts)\n/.exec(block)?.[1] ?? `${index + 1}.ts`)
    // A block without an import is a module all the same.
    for (const [index, block] of blocks.entries()) this.write(files[index] as string, `${block}\nexport {}\n`)
    this.write('tsconfig.json', JSON.stringify({ compilerOptions: COMPILER_OPTIONS, files }))
    return new Promise((resolve) => {
      execFile(process.execPath, [TSC, '-p', this.folder], (error, stdout) => {
        resolve(error === null ? stdout : `${stdout}${error.message}`)
      })
    })
  }

  /** Runs a compiled block until it says where it listens; `environment` is all that it gets beside the path. */
  async start(name: string, environment: Readonly<Record<string, string>>): Promise<Program> {
    const program = this.#spawn(name, environment)
    const [, port] = await program.printed(/(?:127\.0\.0\.1:|port:? ?)(\d+)/)
    return { url: `http://127.0.0.1:${port}`, ...program }
  }

  /** Runs a compiled block to its end and returns what it printed. */
  async run(name: string, environment: Readonly<Record<string, string>>): Promise<string> {
    const program = this.#spawn(name, environment)
    await program.ended
    return program.output()
  }

  #spawn(name: string, environment: Readonly<Record<string, string>>) {
    const child = spawn(process.execPath, [name], { cwd: this.folder, env: { ...environment } })
    this.#children.push(child)
    let output = ''
    const append = (text: string) => {
      output += text
    }
    child.stdout.setEncoding('utf8').on('data', append)
    child.stderr.setEncoding('utf8').on('data', append)
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
    const printed = (pattern: RegExp) => {
      return new Promise<RegExpExecArray>((resolve, reject) => {
        const look = () => {
          const match = pattern.exec(output)
          if (match !== null) resolve(match)
        }
        child.stdout.on('data', look)
        child.once('close', () => reject(new Error(`${name} ended without printing ${pattern}:\n${output}`)))
        look()
      })
    }
    return { output: () => output, printed, ended }
  }

  remove(): void {
    for (const child of this.#children) child.kill('SIGKILL')
    rmSync(this.folder, { recursive: true, force: true })
  }
}
