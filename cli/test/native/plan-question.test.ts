/** What becomes of a file that somebody changes while another is asked about its keys. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { askKey } from '../../src/ui/terminal.ts'
import { AGE_RECIPIENT, testFolder } from '../test-context.ts'
import { waxseal } from './run-native.ts'

vi.mock('../../src/ui/terminal.ts', async (original) => ({ ...(await original<object>()), askKey: vi.fn<typeof askKey>() }))

const OTHER_RECIPIENT = 'age16n6pr9p7d8ml2pcql44ta7trq7zegrxqadyr87fjzrl6wahacv5s2p78zf'
const THIRD_RECIPIENT = 'age1v0usy2s9jyp88c6xr973genxl98xejt48rnr4ungae3ks88f6edsdlqvaa'
const FILE = 'f.json'

describe('while a plan is looked at', () => {
  it.each([
    ['updatekeys', ['updatekeys', FILE]],
    ['groups', ['groups', 'add', FILE, AGE_RECIPIENT]],
    ['recipients', ['recipients', 'add', OTHER_RECIPIENT, FILE]],
  ])('%s keeps what others write', async (_, words) => {
    const cwd = testFolder()
    const rules = (recipients: string): void => writeFileSync(join(cwd, '.sops.yaml'), `creation_rules:\n  - age: ${recipients}\n`)
    rules(AGE_RECIPIENT)
    writeFileSync(join(cwd, FILE), '{"k": "old"}\n')
    expect((await waxseal(['encrypt', '-i', FILE], { cwd })).status).toBe(0)
    rules(`${AGE_RECIPIENT},${OTHER_RECIPIENT}`)
    vi.mocked(askKey).mockImplementationOnce(async () => {
      expect((await waxseal(['set', '--stdin', FILE, 'k'], { cwd, stdin: 'new' })).status).toBe(0)
      return 'y'
    })
    expect((await waxseal(words, { cwd })).status).toBe(0)
    expect((await waxseal(['get', FILE, 'k'], { cwd })).stdout).toBe('new')
  })

  it.each([
    ['updatekeys', ['updatekeys', FILE]],
    ['rekey', ['rekey', FILE]],
    ['groups', ['groups', 'add', FILE, AGE_RECIPIENT]],
    ['recipients', ['recipients', 'add', OTHER_RECIPIENT, FILE]],
  ])('%s undoes nothing that others do to the keys', async (_, words) => {
    const cwd = testFolder()
    writeFileSync(join(cwd, '.sops.yaml'), `creation_rules:\n  - age: ${AGE_RECIPIENT},${OTHER_RECIPIENT}\n`)
    writeFileSync(join(cwd, FILE), '{"k": "v"}\n')
    expect((await waxseal(['encrypt', '-i', '--age', AGE_RECIPIENT, FILE], { cwd })).status).toBe(0)
    vi.mocked(askKey).mockImplementationOnce(async () => {
      expect((await waxseal(['recipients', 'add', '--yes', THIRD_RECIPIENT, FILE], { cwd })).status).toBe(0)
      return 'y'
    })
    const { status, stderr } = await waxseal(words, { cwd })
    expect([status, stderr]).toEqual([3, expect.stringContaining(`${FILE}: its keys were changed by something else meanwhile`)])
    expect((await waxseal(['recipients', 'list', FILE], { cwd })).stdout).toBe(`age       ${AGE_RECIPIENT}\nage       ${THIRD_RECIPIENT}\n`)
  })
})
