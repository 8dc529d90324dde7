/**
 * Changing one value changes the lines of that value, `mac` and `lastmodified`, whoever wrote the file and whatever else is in it.
 */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { AGE_KEY_FILE, AGE_RECIPIENT, built, FIXTURES, run, testFolder } from '../programs.ts'

const env = { SOPS_AGE_KEY_FILE: AGE_KEY_FILE }
const sops = built('sops')
const recorded = (id: string, name: string): string => readFileSync(join(FIXTURES, 'sops-3.13.2', 'fixtures', id, name), 'utf8')

/** Lines of the new text that the old one has not, by what stands before their token. */
function changedLines(before: string, after: string): string[] {
  const old = new Set(before.split('\n'))
  return after.split('\n').filter((line) => !old.has(line)).map((line) => line.trim().replace(/"?ENC\[.*/, '').replace(/"?:? *"?\d{4}-.*$/, '').replace(/["':, ]+/g, ''))
}

const HAND_WRITTEN = `# a comment
app:
  name: 'shop' # inline
  list: [one, 'two', "three", one, one]
  text: |
    several
    lines
  folded: >-
    folded
    text
token: before

other: 5
`

describe('one changed value', () => {
  it.each([
    ['our file, by hand', HAND_WRITTEN, '["token"]', 'before', undefined],
    ["a file of the reference's", recorded('yaml/k8s-secret', 'plain.yaml'), '["metadata"]["name"]', undefined, recorded('yaml/k8s-secret', 'encrypted.yaml')],
    ["another of the reference's", recorded('yaml/helm-values', 'plain.yaml'), '["image"]["tag"]', '1.20', recorded('yaml/helm-values', 'encrypted.yaml')],
  ])('%s', { timeout: 60_000 }, async (_, plain, path, _value, encrypted) => {
    const folder = testFolder()
    const file = join(folder, 'f.yaml')
    const editor = join(folder, 'editor.sh')
    if (encrypted === undefined) {
      writeFileSync(file, plain)
      expect((await run(sops, ['encrypt', '-i', '--age', AGE_RECIPIENT, file], { cwd: folder, env })).stderr).toBe('')
    } else writeFileSync(file, encrypted)
    const before = readFileSync(file, 'utf8')
    const key = /\["([^"]+)"\]$/.exec(path)?.[1] ?? ''
    const allowed = [key, 'lastmodified', 'mac']

    expect((await run(sops, ['set', file, path, '"changed"'], { cwd: folder, env })).stderr).toBe('')
    const set = changedLines(before, readFileSync(file, 'utf8'))
    expect(set).toContain(key)
    expect(set.filter((name) => !allowed.includes(name))).toEqual([])

    writeFileSync(file, before)
    writeFileSync(editor, `#!/bin/sh\nsed -i 's/^\\( *${key}: \\)[^#]*/\\1changed /' "$1"\n`)
    chmodSync(editor, 0o755)
    expect((await run(sops, ['edit', file], { cwd: folder, env: { ...env, EDITOR: editor } })).stderr).toBe('')
    const edited = changedLines(before, readFileSync(file, 'utf8'))
    expect(edited).toContain(key)
    expect(edited.filter((name) => !allowed.includes(name))).toEqual([])
  })
})
