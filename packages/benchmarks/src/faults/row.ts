/** One line of the table: what was done to a service, and what became of it. */
export interface FaultRow {
  /** Its number in the list of faults. */
  readonly id: string
  readonly fault: string
  readonly injected: string
  /** What the list of faults asks for. */
  readonly asked: string
  readonly measured: string
  /** `undefined`: not decided, as `measured` says. */
  readonly held: boolean | undefined
}

/** How much of each fault there is. */
export interface FaultSettings {
  /** Of a phase of load. */
  readonly seconds: number
  readonly aborts: number
  readonly slowClients: number
}

/** A Markdown table, not padded: its cells are sentences. */
export function faultTable(rows: readonly FaultRow[]): string {
  const cells = rows.map(({ id, fault, injected, asked, measured, held }) => {
    return [id, fault, injected, asked, measured, held === undefined ? 'undecided' : held ? 'held' : '**not held**']
  })
  const head = ['', 'fault', 'injected', 'asked for', 'measured', 'verdict']
  return [head, head.map(() => '---'), ...cells].map((row) => `| ${row.join(' | ')} |`).join('\n')
}
