/**
 * Records what a real API server answers: `node record.ts FOLDER`, where FOLDER holds `kubeconfig`, `ca.crt`, `admin.crt` and
 * `admin.key`, and the server has the SealedSecret definition and no namespace called `answers`.
 * @module
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { askAll } from './ask.ts'
import { CASES } from './cases.ts'

export const RECORDED = join(import.meta.dirname, '..', '..', '..', '..', 'fixtures', 'kube-apiserver-1.37.2', 'answers.json')

const [folder] = process.argv.slice(2)
if (import.meta.main && folder !== undefined) {
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8')
  const url = /server: (\S+)/.exec(read('kubeconfig'))?.[1] ?? ''
  const answers = await askAll({ url, caPem: read('ca.crt'), clientCertificate: { cert: read('admin.crt'), key: read('admin.key') } }, CASES)
  writeFileSync(RECORDED, `${JSON.stringify(answers, null, 1)}\n`)
}
