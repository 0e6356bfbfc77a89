import { writeCertificates } from './certificate-files.js'

/* Makes, or rotates, the certificates of the example: node dist/make-certificates.js DIRECTORY. */

const [directory, ...others] = process.argv.slice(2)
if (directory === undefined || others.length > 0) {
  console.error('usage: node make-certificates.js DIRECTORY')
  process.exit(2)
}
await writeCertificates(directory)
console.log(`certificates: wrote new ones to ${directory}`)
