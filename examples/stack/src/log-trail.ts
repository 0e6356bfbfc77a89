import { closeSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { type AuditTrail, readRecord, type TrailRecord } from '@countersign-example/tour'

/** A log that somebody else writes, read line by line as it grows. */
class FollowedLog {
  readonly #path: string
  #offset = 0
  #rest: Buffer = Buffer.alloc(0)

  constructor(path: string) {
    this.#path = path
  }

  /** The whole lines that came since the last call. */
  newLines(): readonly string[] {
    const text = Buffer.concat([this.#rest, this.#newBytes()])
    const end = text.lastIndexOf('\n') + 1
    this.#rest = text.subarray(end)
    return text
      .subarray(0, end)
      .toString()
      .split('\n')
      .filter((line) => line !== '')
  }

  #newBytes(): Buffer {
    const file = openSync(this.#path, 'r')
    try {
      const bytes = Buffer.alloc(Math.max(0, fstatSync(file).size - this.#offset))
      const count = readSync(file, bytes, 0, bytes.length, this.#offset)
      this.#offset += count
      return bytes.subarray(0, count)
    } finally {
      closeSync(file)
    }
  }
}

/** The audit records in the logs of a directory, `*.jsonl`, from now on, in the order in which they were written. */
export function logTrail(directory: string): AuditTrail {
  const logs = new Map<string, FollowedLog>()
  const records: TrailRecord[] = []
  const readNewLines = (): readonly string[] => {
    for (const name of readdirSync(directory).sort()) {
      if (name.endsWith('.jsonl') && !logs.has(name)) logs.set(name, new FollowedLog(join(directory, name)))
    }
    return [...logs.values()].flatMap((log) => log.newLines())
  }
  readNewLines()
  return {
    records() {
      for (const line of readNewLines()) {
        const record = readRecord(line)
        if (record !== undefined) records.push(record)
      }
      // Of two replicas either may be read first.
      return records.sort((left, right) => left.time - right.time)
    },
  }
}
