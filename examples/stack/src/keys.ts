import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '@countersign/cli'
import { makeDemoUsers } from '@countersign-example/gateway'

/** Everybody who has keys. Each has a folder, and in compose a volume, of its own. `clients` are those who call from outside. */
export const KEY_OWNERS = ['gateway', 'orders', 'inventory', 'clients'] as const

/**
 * The commands that make the keys, run in the directory that holds the folders. A secret goes to the one who signs with it
 * (`--secret-out`) and to the key file of the one who checks, and nowhere else.
 */
const COMMANDS: readonly string[] = [
  'keys create token-1 --algorithm ES256 --key-file gateway/token-keys.json --secret-out gateway/token-key.pem',
  'keys create gateway-1 --client gateway --role gateway --key-file orders/callers.json --secret-out gateway/gateway-secret.hex',
  'keys create gateway-1 --client gateway --role gateway --key-file inventory/callers.json --secret-out gateway/inventory-secret.hex',
  'keys create reporting-1 --client reporting --role orders:read --key-file orders/callers.json --secret-out clients/reporting-secret.hex',
  'keys create orders-1 --client orders --role stock:read --role stock:reserve --key-file inventory/callers.json --secret-out orders/orders-secret.hex',
  // This profile signs neither method nor path, so the key is good for one of each, and each signature once.
  'keys create warehouse-1 --client warehouse --role stock:deliver --profile body-timestamp --method POST --path /deliveries --refuse-repeats --key-file inventory/callers.json --secret-out clients/warehouse-secret.hex',
]

/** Written last: where it is, the keys are whole. */
const COMPLETE = 'complete'

/**
 * Makes the keys of the stack below a directory with the `countersign` command, once: where all are there they stay, so that a restart
 * changes no key. Where the last attempt did not come to its end, all are made anew.
 *
 * @returns whether they were made now
 * @throws {Error} a command failed, a folder cannot be written
 */
export async function makeStackKeys(directory: string): Promise<boolean> {
  const folders = KEY_OWNERS.map((owner) => join(directory, owner))
  if (folders.every((folder) => existsSync(join(folder, COMPLETE)))) return false
  for (const folder of folders) empty(folder)
  for (const command of COMMANDS) await countersign(command, directory)
  writeUsers(directory)
  for (const folder of folders) writeFileSync(join(folder, COMPLETE), '')
  return true
}

/** A folder may be the root of a volume, which cannot be removed itself. */
function empty(folder: string): void {
  mkdirSync(folder, { recursive: true })
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true })
}

/** The users of the demo, for the gateway and for the tour, which logs in as them. */
function writeUsers(directory: string): void {
  const write = (name: string, content: string): void => {
    writeFileSync(join(directory, name), content, { mode: 0o600 })
  }
  const users = JSON.stringify(makeDemoUsers())
  write('gateway/users-key', randomBytes(32).toString('base64url'))
  write('gateway/users.json', users)
  write('clients/users.json', users)
}

async function countersign(command: string, cwd: string): Promise<void> {
  let complaint = ''
  const output = (write: (text: string) => void) => ({ isTty: false, write })
  const code = await run(command.split(' '), {
    stdin: { isTty: false, read: async () => Buffer.alloc(0) },
    stdout: output(() => {}),
    stderr: output((text) => {
      complaint += text
    }),
    env: {},
    clock: () => Date.now() / 1000,
    cwd,
  })
  if (code !== 0) throw new Error(`${command}: ${complaint.trim()}`)
}
