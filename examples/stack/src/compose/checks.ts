/** Prints a line for each check and counts. */
export class Checks {
  readonly #print: (line: string) => void
  #passed = 0
  #failed = 0

  constructor(print: (line: string) => void) {
    this.#print = print
  }

  /** @param fault - what is wrong; absent where all is well */
  tell(what: string, fault?: string): void {
    if (fault === undefined) {
      this.#passed++
      this.#print(`ok    ${what}`)
    } else {
      this.#failed++
      this.#print(`FAIL  ${what}\n      ${fault.trim().replaceAll('\n', '\n      ')}`)
    }
  }

  equal(what: string, got: unknown, wanted: unknown): void {
    const [is, should] = [JSON.stringify(got), JSON.stringify(wanted)]
    this.tell(what, is === should ? undefined : `got ${is}, wanted ${should}`)
  }

  holds(what: string, isSo: boolean, got: unknown): void {
    this.tell(what, isSo ? undefined : `got ${JSON.stringify(got)}`)
  }

  get hasFailed(): boolean {
    return this.#failed > 0
  }

  get summary(): string {
    return `${this.#passed + this.#failed} checks: ${this.#passed} passed, ${this.#failed} failed`
  }
}
