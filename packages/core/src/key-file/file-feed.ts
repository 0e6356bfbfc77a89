import { type FSWatcher, watch } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type KeyFeed, KeyFeedError } from './feed.js'
import { readDocument } from './read-document.js'
import type { Slices } from './slices.js'

const MOST_BYTES = 64 * 1024 * 1024
/** One change gives several events; a writer that does not rename may still be writing. */
const SETTLE_MILLISECONDS = 20

/**
 * A file, watched by its directory: so that a file put in its place by a rename is seen, and a symbolic link that is pointed elsewhere, as
 * Kubernetes does with `..data`. Where no event comes (a network file system, a link further up) its state is looked at every `pollSeconds`.
 */
export class FileFeed implements KeyFeed {
  readonly name: string
  readonly #path: string
  readonly #pollSeconds: number
  #lastRead: string | undefined

  constructor(path: string, pollSeconds: number) {
    this.name = `key file ${path}`
    this.#path = path
    this.#pollSeconds = pollSeconds
  }

  async read(again: boolean, slices: Slices): Promise<unknown> {
    // Looked at before it is read: a change in between is then seen as one at the next look.
    const state = await this.#look()
    if (!again && state === this.#lastRead) return undefined
    const bytes = await readFile(this.#path).catch((error: unknown) => {
      throw unreadable(error)
    })
    this.#lastRead = state
    return readDocument(bytes, slices)
  }

  async #look(): Promise<string> {
    const { dev, ino, size, mtimeNs, ctimeNs, isFile } = await stat(this.#path, { bigint: true }).then(
      (stats) => ({ ...stats, isFile: stats.isFile() }),
      (error: unknown) => {
        throw unreadable(error)
      },
    )
    if (!isFile) throw new KeyFeedError('it is not a file')
    if (size > MOST_BYTES) throw new KeyFeedError(`it is larger than ${MOST_BYTES} bytes`)
    return [dev, ino, size, mtimeNs, ctimeNs].join(' ')
  }

  watch(changed: () => void): () => void {
    let settling: NodeJS.Timeout | undefined
    let watcher: FSWatcher | undefined
    const settle = () => {
      settling ??= setTimeout(() => {
        settling = undefined
        changed()
      }, SETTLE_MILLISECONDS).unref()
    }
    const unwatch = () => {
      watcher?.close()
      watcher = undefined
    }
    const rewatch = () => {
      try {
        watcher ??= watch(dirname(this.#path), { persistent: false }, settle).on('error', unwatch)
      } catch {
        // No directory, or no more watches to be had: there is the look every so often.
      }
    }
    rewatch()
    const poll = setInterval(() => {
      rewatch()
      changed()
    }, this.#pollSeconds * 1000).unref()
    return () => {
      clearInterval(poll)
      clearTimeout(settling)
      unwatch()
    }
  }
}

function unreadable(error: unknown): KeyFeedError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
  return new KeyFeedError(`it cannot be read (${code})`)
}
