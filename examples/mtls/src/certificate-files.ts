import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type IdentityFiles, spiffeId } from '@countersign-example/kit'
import { type Authority, createAuthority, issue, trustAnchor } from './authority.js'

const SERVICES = ['gateway', 'orders', 'inventory', 'reporting', 'warehouse'] as const
export type ServiceName = (typeof SERVICES)[number]

const DAY_SECONDS = 86_400
const AUTHORITY_SECONDS = 365 * DAY_SECONDS
export const CERTIFICATE_SECONDS: number = 7 * DAY_SECONDS

/** The files of one service: its certificate with its key, and the authorities that it trusts. */
export function filesOf(directory: string, service: ServiceName): IdentityFiles {
  const certificate = join(directory, `${service}.pem`)
  return { certificate, key: certificate, authorities: join(directory, 'ca.pem') }
}

/**
 * Writes new certificates for every service below a directory, and an authority where there is none yet. Run again it rotates: running
 * services take the new ones up.
 */
export async function writeCertificates(directory: string, validSeconds: number = CERTIFICATE_SECONDS): Promise<void> {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const authority = await readOrCreateAuthority(directory)
  for (const service of SERVICES) {
    const names = { dnsNames: ['localhost', service], addresses: ['127.0.0.1', '::1'] }
    const request = { spiffeId: spiffeId(service), ...names, validSeconds }
    replaceFile(filesOf(directory, service).certificate, await issue(authority, request))
  }
}

async function readOrCreateAuthority(directory: string): Promise<Authority> {
  const file = join(directory, 'ca-key.pem')
  if (existsSync(file)) return { pem: readFileSync(file, 'utf8') }
  const authority = await createAuthority(AUTHORITY_SECONDS)
  replaceFile(file, authority.pem)
  replaceFile(join(directory, 'ca.pem'), trustAnchor(authority))
  return authority
}

/** By a rename: whoever reads finds the old file or the new one, whole. */
export function replaceFile(path: string, content: string): void {
  const temporary = `${path}.${process.pid}.new`
  writeFileSync(temporary, content, { mode: 0o600 })
  renameSync(temporary, path)
}
