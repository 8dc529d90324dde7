import { chmodSync, copyFileSync, existsSync, linkSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { spawn, spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CodedError, type ErrorCode } from '@waxseal/core'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { kindOfFile, readFileBounded, replaceFile } from '../src/files.ts'

const FILES = join(import.meta.dirname, '..', 'src', 'files.ts')

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waxseal-files-'))
  onTestFinished(() => {
    chmodSync(folder, 0o700)
    rmSync(folder, { recursive: true, force: true })
  })
})

const at = (name: string): string => join(folder, name)
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (name: string): string => readFileSync(at(name), 'utf8')

function codeOf(action: () => unknown): ErrorCode | undefined {
  try {
    action()
  } catch (error) {
    if (error instanceof CodedError) return error.code
    throw error
  }
  return undefined
}

describe('readFileBounded', () => {
  it('reads a file whole, an empty one too', () => {
    writeFileSync(at('a'), 'x'.repeat(700_000))
    writeFileSync(at('empty'), '')
    expect(readFileBounded(at('a')).length).toBe(700_000)
    expect(readFileBounded(at('empty')).length).toBe(0)
  })

  it('refuses what is missing, a folder, and what is too large, be it a device', () => {
    writeFileSync(at('large'), 'x'.repeat(101))
    expect(codeOf(() => readFileBounded(at('missing')))).toBe('FILE_NOT_FOUND')
    expect(codeOf(() => readFileBounded(folder))).toBe('FILE_IS_DIRECTORY')
    expect(codeOf(() => readFileBounded('/dev/zero', { limitBytes: 100_000 }))).toBe('PARSE_LIMIT')
    expect(readFileBounded('/dev/null')).toHaveLength(0)
    expect(codeOf(() => readFileBounded(at('large'), { limitBytes: 100 }))).toBe('PARSE_LIMIT')
    expect(readFileBounded(at('large'), { limitBytes: 101 }).length).toBe(101)
  })
})

describe('replaceFile', () => {
  it('creates a file with the mode that the umask leaves', () => {
    const umask = process.umask(0o027)
    onTestFinished(() => {
      process.umask(umask)
    })
    replaceFile(at('new'), bytes('content'))
    expect(text('new')).toBe('content')
    expect(statSync(at('new')).mode & 0o777).toBe(0o640)
  })

  it('keeps the mode, and puts a new file in the old one\'s place', () => {
    writeFileSync(at('a'), 'old', { mode: 0o640 })
    chmodSync(at('a'), 0o4640)
    const before = statSync(at('a'))
    replaceFile(at('a'), bytes('new'))
    const after = statSync(at('a'))
    expect(text('a')).toBe('new')
    expect(after.mode).toBe(before.mode)
    expect(after.ino).not.toBe(before.ino)
    expect(readdirSync(folder)).toEqual(['a'])
  })

  it('replaces what a symbolic link points to, through several links, and creates a dangling one\'s target', () => {
    mkdirSync(at('sub'))
    writeFileSync(at('sub/real'), 'old')
    symlinkSync('sub/real', at('one'))
    symlinkSync('one', at('two'))
    symlinkSync('sub/later', at('dangling'))
    replaceFile(at('two'), bytes('new'))
    replaceFile(at('dangling'), bytes('made'))
    expect(lstatSync(at('two')).isSymbolicLink()).toBe(true)
    expect(text('sub/real')).toBe('new')
    expect(text('sub/later')).toBe('made')
    symlinkSync('loop', at('loop'))
    expect(codeOf(() => replaceFile(at('loop'), bytes('x')))).toBe('FILE_UNWRITABLE')
  })

  it('writes in place where a file has further names, and leaves no copy behind', () => {
    writeFileSync(at('a'), 'a longer old content')
    linkSync(at('a'), at('b'))
    replaceFile(at('a'), bytes('new'))
    expect(text('b')).toBe('new')
    expect(statSync(at('a')).nlink).toBe(2)
    expect(readdirSync(folder)).toEqual(['a', 'b'])
  })

  it('refuses a folder', () => {
    mkdirSync(at('sub'))
    expect(codeOf(() => replaceFile(at('sub'), bytes('x')))).toBe('FILE_IS_DIRECTORY')
    expect(codeOf(() => replaceFile(at('no/such/folder'), bytes('x')))).toBe('FILE_UNWRITABLE')
  })

  it('writes through to what is no regular file', () => {
    replaceFile('/dev/null', bytes('x'))
    expect(lstatSync('/dev/null').isCharacterDevice()).toBe(true)
  })

  it('writes to the descriptor that a path names, also through a link', () => {
    symlinkSync('/dev/stdout', at('out'))
    const script = `import { replaceFile } from ${JSON.stringify(FILES)}; replaceFile(process.argv[1], Buffer.from('written'))`
    for (const path of ['/dev/stdout', '/dev/fd/1', '/proc/self/fd/1', at('out')]) {
      const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script, path], { encoding: 'utf8' })
      expect({ path, stdout, stderr }).toEqual({ path, stdout: 'written', stderr: '' })
    }
  })

  it.runIf(process.platform === 'linux')('leaves no copy behind where a file with further names cannot be opened', () => {
    copyFileSync('/bin/sleep', at('program'))
    linkSync(at('program'), at('other'))
    const running = spawn(at('program'), ['60'], { stdio: 'ignore' })
    onTestFinished(() => void running.kill())
    expect(codeOf(() => replaceFile(at('program'), bytes('new')))).toBe('FILE_UNWRITABLE') // text file busy
    expect(readdirSync(folder).sort()).toEqual(['other', 'program'])
  })

  it('removes what a killed process left, and nothing else', () => {
    const dead = spawnSync(process.execPath, ['-e', '']).pid
    writeFileSync(at('a'), 'old')
    writeFileSync(at(`.a.waxseal-${dead}-0123abcd.tmp`), 'left')
    writeFileSync(at(`.a.waxseal-${process.ppid}-0123abcd.tmp`), 'in use')
    writeFileSync(at(`.a.waxseal-${dead}-0123abcd.orig`), 'an original')
    writeFileSync(at(`.ab.waxseal-${dead}-0123abcd.tmp`), 'of another file')
    replaceFile(at('a'), bytes('new'))
    expect(readdirSync(folder).toSorted()).toEqual(
      [`.a.waxseal-${dead}-0123abcd.orig`, `.a.waxseal-${process.ppid}-0123abcd.tmp`, `.ab.waxseal-${dead}-0123abcd.tmp`, 'a'].toSorted(),
    )
  })

  it('takes names as long as file systems allow', () => {
    const name = 'ä'.repeat(127)
    replaceFile(at(name), bytes('x'))
    replaceFile(at(name), bytes('y'))
    expect(text(name)).toBe('y')
  })
})

describe.runIf(process.getuid?.() === 0)('replaceFile, as a user who may not do everything', () => {
  /** Runs the replacement in a process of the user `nobody`. */
  function asNobody(path: string): { code: string; text: string } {
    const files = join(import.meta.dirname, '..', 'src', 'files.ts')
    const script = `
      const { replaceFile } = await import(${JSON.stringify(files)})
      process.setgid(65534); process.setuid(65534)
      try { replaceFile(${JSON.stringify(path)}, new TextEncoder().encode('new')); console.log('done') } catch (error) { console.log(error.code) }`
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
    return { code: stdout.trim(), text: existsSync(path) ? readFileSync(path, 'utf8') : '' }
  }

  it('leaves a file alone that may not be written', () => {
    chmodSync(folder, 0o777)
    writeFileSync(at('a'), 'old', { mode: 0o444 })
    expect(asNobody(at('a'))).toEqual({ code: 'FILE_UNWRITABLE', text: 'old' })
  })

  it('writes in place where the folder may not be written or the owner could not be kept', () => {
    writeFileSync(at('a'), 'old')
    chmodSync(at('a'), 0o666)
    chmodSync(folder, 0o755)
    expect(asNobody(at('a'))).toEqual({ code: 'done', text: 'new' })
    writeFileSync(at('a'), 'old')
    chmodSync(folder, 0o777)
    const before = statSync(at('a'))
    expect(asNobody(at('a'))).toEqual({ code: 'done', text: 'new' })
    expect(statSync(at('a'))).toMatchObject({ uid: before.uid, ino: before.ino, mode: before.mode })
    expect(readdirSync(folder)).toEqual(['a'])
  })
})

describe('kindOfFile', () => {
  it('tells files, folders and nothing apart', () => {
    writeFileSync(at('a'), '')
    expect(kindOfFile(at('a'))).toBe('file')
    expect(kindOfFile(folder)).toBe('folder')
    expect(kindOfFile(at('none'))).toBeUndefined()
    expect(kindOfFile(at('a/below'))).toBeUndefined()
  })
})
