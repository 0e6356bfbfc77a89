import { execFile } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url))

export interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** A folder and a shell in it that has the `countersign` command, as somebody has it who follows the README. */
export class Shell {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'countersign-readme-'))
  readonly #environment: Readonly<Record<string, string | undefined>>

  constructor() {
    const bin = join(this.folder, '.bin')
    mkdirSync(bin)
    writeFileSync(join(bin, 'countersign'), `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`)
    chmodSync(join(bin, 'countersign'), 0o755)
    this.#environment = { PATH: `${bin}${delimiter}${process.env['PATH']}`, NO_COLOR: '1' }
  }

  run(script: string, environment: Readonly<Record<string, string>> = {}): Promise<Ended> {
    return new Promise((resolve) => {
      const options = { cwd: this.folder, env: { ...this.#environment, ...environment } }
      const child = execFile('sh', ['-eu', '-c', script], options, (_, out, err) => {
        resolve({ code: child.exitCode ?? -1, out, err })
      })
    })
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}
