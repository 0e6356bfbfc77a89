/*
 * Checks what would be published: packs every package that is not private, looks into the tarballs, installs them into empty
 * projects as a stranger would, and uses them there. Run after a build, by `pnpm check:packages`. Ends with 1 where a check failed.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const CONFIG = dirname(fileURLToPath(import.meta.url))
const ROOT = dirname(CONFIG)
const BIN = join(ROOT, 'node_modules', '.bin')
const WORK = mkdtempSync(join(tmpdir(), 'countersign-packages-'))

let passed = 0
let failed = 0

/** Runs one check. What it throws is why it failed. */
function check(title, run) {
  try {
    run()
    passed++
    console.log(`  ok    ${title}`)
  } catch (error) {
    failed++
    console.log(`  FAIL  ${title}`)
    for (const line of String(error.message).trim().split('\n')) console.log(`        ${line}`)
  }
}

function expect(holds, problem) {
  if (!holds) throw new Error(problem)
}

/** Runs a command and returns what it says; throws with all it said where it fails. */
function run(command, args, cwd) {
  try {
    return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  } catch (error) {
    throw new Error(
      `${basename(command)} ${args.join(' ')}: ${error.message}\n${error.stdout ?? ''}${error.stderr ?? ''}`,
    )
  }
}

const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'))

function publishable() {
  return readdirSync(join(ROOT, 'packages'))
    .map((name) => join(ROOT, 'packages', name))
    .filter((folder) => existsSync(join(folder, 'package.json')))
    .map((folder) => ({ folder, manifest: readJson(join(folder, 'package.json')) }))
    .filter(({ manifest }) => manifest.private !== true)
}

function checkManifest({
  name,
  version,
  description,
  license,
  keywords,
  engines,
  sideEffects,
  exports,
  publishConfig,
  type,
}) {
  expect(/^@countersign\/[a-z]+$/.test(name) && /^\d+\.\d+\.\d+$/.test(version), 'name or version')
  expect(typeof description === 'string' && description.endsWith('.'), 'description')
  expect(license === 'MIT', 'license')
  expect(Array.isArray(keywords) && keywords.length > 0, 'keywords')
  expect(engines?.node === '>=20.19', 'engines.node')
  expect(type === 'module' && sideEffects === false, 'type or sideEffects')
  expect(publishConfig?.access === 'public', 'publishConfig.access')
  for (const [path, entry] of Object.entries(exports ?? {})) {
    expect(
      typeof entry === 'string' || Object.keys(entry)[0] === 'types',
      `exports["${path}"] does not have types first`,
    )
  }
}

/** Looks at the tarball as it would be unpacked. */
function checkContents(tarball, unpacked, { folder, manifest: { exports = {}, bin = {} } }) {
  const files = run('tar', ['tzf', tarball], WORK).trim().split('\n')
  const entries = [...Object.values(exports), ...Object.values(bin)]
  const named = entries.flatMap((entry) => (typeof entry === 'string' ? [entry] : Object.values(entry)))
  for (const file of ['LICENSE', 'README.md', ...named.map((path) => path.replace(/^\.\//, ''))]) {
    expect(files.includes(`package/${file}`), `${file} is not in the tarball`)
  }
  const strays = files.filter((file) => /\.tsbuildinfo$|\.test\.|\/tests?\/|\/\./.test(file))
  expect(strays.length === 0, `should not be in the tarball: ${strays.join(', ')}`)
  for (const file of files.filter((name) => /^package\/dist\/.*\.js$/.test(name))) {
    const source = file.replace('package/dist/', 'src/').replace(/\.js$/, '.ts')
    expect(existsSync(join(folder, source)), `${file} was left by a source that is gone: remove dist and build again`)
  }
  const packed = readFileSync(join(unpacked, 'package.json'), 'utf8')
  expect(!/"(workspace|catalog):/.test(packed), 'package.json has a dependency that only this workspace can resolve')
}

/** Packs one package and checks the tarball. Returns its path, or `undefined` where there is none. */
function pack(found) {
  const { folder, manifest } = found
  const { name, version } = manifest
  const tarball = join(WORK, `${name.replace('@', '').replace('/', '-')}-${version}.tgz`)
  const unpacked = join(WORK, basename(folder))
  console.log(name)
  check('package.json says all that a registry shows', () => checkManifest(manifest))
  check('packs', () => {
    run('npx', ['-y', 'pnpm@12', 'pack', '--pack-destination', WORK], folder)
    mkdirSync(unpacked)
    run('tar', ['xzf', tarball, '-C', unpacked, '--strip-components=1'], WORK)
  })
  check('holds the build, a README and the licence, and nothing else', () => checkContents(tarball, unpacked, found))
  check('publint --strict', () => run(join(BIN, 'publint'), ['run', tarball, '--strict'], ROOT))
  // ESM only: `require()` takes it through require(esm), which Node has from 20.19 on and attw does not know of.
  check('attw', () => {
    run(join(BIN, 'attw'), [tarball, '--profile', 'esm-only', '--no-definitely-typed', '--format', 'ascii'], ROOT)
  })
  return tarball
}

/** Installs tarballs and `others` into an empty project and uses them. */
function consume(title, tarballs, others) {
  console.log(title)
  const project = join(WORK, title.replaceAll(/\W+/g, '-'))
  cpSync(join(CONFIG, 'consumer'), project, { recursive: true })
  writeFileSync(join(project, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }\n')
  check('installs', () => {
    run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', ...tarballs, ...others], project)
  })
  check('has one @countersign/core', () => {
    const nested = run('find', ['node_modules', '-path', '*@countersign/core', '-type', 'd'], project)
      .trim()
      .split('\n')
    expect(nested.length === 1, nested.join(', '))
  })
  check('is imported from ESM', () => run('node', ['imports.mjs'], project))
  check('is required from CommonJS', () => run('node', ['imports.cjs'], project))
  for (const resolution of ['nodenext', 'bundler']) {
    check(`compiles under tsc --strict, moduleResolution ${resolution}`, () => {
      run(join(BIN, 'tsc'), ['-p', `tsconfig.${resolution}.json`], project)
    })
  }
  check('verifies real requests', () => run('node', ['requests.mjs'], project))
}

try {
  const tarballs = publishable().map(pack)
  consume('an empty project with fastify and express 5', tarballs, ['fastify@5', 'express@5'])
  consume('an empty project with fastify and express 4', tarballs, ['fastify@5', 'express@4'])
} finally {
  rmSync(WORK, { recursive: true, force: true })
}
console.log(`packages: ${passed} checks passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
