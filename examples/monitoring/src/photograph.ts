import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/**
 * Photographs a page with headless Chromium: the program that `CHROMIUM` names, else `chromium`.
 *
 * @throws {Error} where it cannot be run or does not end within a minute
 */
export async function photograph(
  html: string,
  size: { readonly width: number; readonly height: number },
  output: string,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-picture-'))
  try {
    const page = join(folder, 'page.html')
    await writeFile(page, html)
    const flags = ['--headless', '--disable-gpu', '--hide-scrollbars', `--user-data-dir=${join(folder, 'profile')}`]
    // Its sandbox does not run as root, as in a container. The page is ours and loads nothing.
    if (process.getuid?.() === 0) flags.push('--no-sandbox')
    const picture = [`--window-size=${size.width},${size.height}`, `--screenshot=${resolve(output)}`, `file://${page}`]
    await run(process.env['CHROMIUM'] ?? 'chromium', [...flags, ...picture], { timeout: 60_000 })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
