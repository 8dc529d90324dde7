/**
 * The only place that reads and writes users' files: bounded reads, and writing that the original survives.
 *
 * A file is replaced by a synced sibling `.NAME.waxseal-PID-XXXX.tmp`, renamed over it. What a rename would lose or cannot do (further
 * hard links, a foreign owner, a mount point, a folder that may not be written) is written in place, after a synced copy of the
 * original stands beside it as `.NAME.waxseal-PID-XXXX.orig`; that copy goes when the writing has succeeded.
 * Not kept: extended attributes and access control lists, which Node cannot read.
 * @module
 */
import { randomBytes } from 'node:crypto'
import { accessSync, closeSync, constants, fchmodSync, fchownSync, fstatSync, fsyncSync, ftruncateSync, lstatSync, mkdirSync, openSync, readdirSync } from 'node:fs'
import { readlinkSync, readSync, renameSync, statSync, type Stats, unlinkSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { getSystemErrorMessage } from 'node:util'
import { CodedError, type ErrorCode } from '@waxseal/core'
import { MAX_INPUT_BYTES, ProcessOutput, type ReadLimit } from './context.ts'
import { finishStepBeforeSignals } from './signals.ts'

const CHUNK_BYTES = 256 * 1024
const MAX_LINKS = 40
/** Longest part of a file's name that stands in its sibling's: file systems allow 255 bytes. */
const SIBLING_NAME_BYTES = 200
const DESCRIPTOR = /^\/(?:dev|proc\/self)\/fd\/(\d{1,9})$/

/** The system's own words for a failed file operation. */
export function errnoText(error: unknown): string {
  const { code, errno } = error as NodeJS.ErrnoException
  if (code === 'EISDIR') return 'is a directory'
  return errno === undefined ? 'unknown error' : getSystemErrorMessage(errno)
}

function fileError(code: ErrorCode, name: string, cause: unknown): CodedError {
  return new CodedError(code, `${name}: ${errnoText(cause)}`, { cause })
}

const errnoIs = (error: unknown, ...codes: string[]): boolean => codes.includes((error as NodeJS.ErrnoException).code ?? '')

/** A file descriptor that the path names, as shells hand them over. */
function descriptorOf(path: string): number | undefined {
  const standard = ['/dev/stdin', '/dev/stdout', '/dev/stderr'].indexOf(path)
  if (standard !== -1) return standard
  const number = DESCRIPTOR.exec(path)?.[1]
  return number === undefined ? undefined : Number(number)
}

export interface ReadOptions extends Partial<ReadLimit> {
  /** What messages call the file, if not by its path. */
  readonly name?: string
}

/**
 * The whole content of a regular file, a FIFO, a device such as `/dev/null`, or an open descriptor (`/dev/stdin`, `/dev/fd/N`).
 * @param path - absolute
 * @throws CodedError FILE_NOT_FOUND, FILE_IS_DIRECTORY, FILE_UNREADABLE, PARSE_LIMIT
 */
export function readFileBounded(path: string, { limitBytes = MAX_INPUT_BYTES, hint, name = path }: ReadOptions = {}): Uint8Array {
  const given = descriptorOf(path)
  let fd: number
  try {
    fd = given ?? openSync(path, 'r')
  } catch (cause) {
    throw fileError(errnoIs(cause, 'ENOENT') ? 'FILE_NOT_FOUND' : 'FILE_UNREADABLE', name, cause)
  }
  try {
    const stats = fstatSync(fd)
    if (stats.isDirectory()) throw new CodedError('FILE_IS_DIRECTORY', `${name}: is a directory`)
    if (stats.isBlockDevice()) throw new CodedError('FILE_UNREADABLE', `${name}: is a block device`)
    return readToEnd(fd, name, stats.isFile() ? stats.size : 0, { limitBytes, ...(hint !== undefined && { hint }) })
  } catch (cause) {
    throw cause instanceof CodedError ? cause : fileError('FILE_UNREADABLE', name, cause)
  } finally {
    if (given === undefined) closeSync(fd)
  }
}

function readToEnd(fd: number, name: string, expectedBytes: number, { limitBytes, hint }: ReadLimit): Uint8Array {
  const tooLarge = (): CodedError => new CodedError('PARSE_LIMIT', `${name}: larger than ${limitBytes} bytes`, hint === undefined ? {} : { hint })
  if (expectedBytes > limitBytes) throw tooLarge()
  let bytes = Buffer.allocUnsafe(Math.max(expectedBytes + 1, CHUNK_BYTES))
  let length = 0
  for (;;) {
    if (length === bytes.length) bytes = Buffer.concat([bytes], Math.min(bytes.length * 2, limitBytes + 1))
    const read = readSync(fd, bytes, length, bytes.length - length, null)
    if (read === 0) return bytes.subarray(0, length)
    length += read
    if (length > limitBytes) throw tooLarge()
  }
}

/** Follows links to the file that writing would change; it need not exist. */
function targetOf(path: string): string {
  let target = resolve(path)
  for (let links = 0; links < MAX_LINKS; links++) {
    if (descriptorOf(target) !== undefined) return target // what it links to may be a pipe, which has no path
    try {
      target = resolve(dirname(target), readlinkSync(target))
    } catch {
      return target
    }
  }
  throw new CodedError('FILE_UNWRITABLE', `${path}: too many levels of symbolic links`)
}

/**
 * Gives a file a new content, whole or not at all. Mode, owner, group and symbolic links stay; a file that did not exist
 * gets 0666 less the umask. What is no regular file (a FIFO, a device) is written to, and so is an open descriptor
 * (`/dev/stdout`, `/dev/fd/N`), whatever it leads to.
 * @param path - absolute
 * @param name - what messages call the file
 * @param mode - what the file gets, whatever it had; one with further hard links keeps its own
 * @throws CodedError FILE_UNWRITABLE, FILE_IS_DIRECTORY: then the original is as it was, or the hint says where it stands
 */
export function replaceFile(path: string, bytes: Uint8Array, name: string = path, mode?: number): void {
  const target = targetOf(path)
  const given = descriptorOf(target)
  if (given !== undefined) return new ProcessOutput(given).write(bytes)
  let old: Stats | undefined
  try {
    old = lstatSync(target, { throwIfNoEntry: false })
    if (old?.isDirectory()) throw new CodedError('FILE_IS_DIRECTORY', `${name}: is a directory`)
    if (old && !old.isFile()) return writeThrough(target, bytes)
    if (old) accessSync(target, constants.W_OK)
    removeLeftovers(target)
  } catch (cause) {
    throw cause instanceof CodedError ? cause : fileError('FILE_UNWRITABLE', name, cause)
  }
  finishStepBeforeSignals()
  try {
    if (old && old.nlink > 1) return writeInPlace(target, bytes)
    if (!replaceByRename(target, bytes, old, mode)) writeInPlace(target, bytes)
  } catch (cause) {
    throw cause instanceof CodedError ? cause : fileError('FILE_UNWRITABLE', name, cause)
  }
}

/**
 * That nobody else saved a file since it was read. What is no regular file cannot be read twice, and is not looked at.
 * @param before - what it held; null if it was not there
 * @throws CodedError FILE_CHANGED, FILE_UNREADABLE
 */
export function checkUnchanged(path: string, before: Uint8Array | null, name: string = path): void {
  if (descriptorOf(path) !== undefined) return
  const kind = kindOfFile(path)
  const isSame = kind === 'file' ? before !== null && holds(path, before) : kind !== undefined || before === null
  if (!isSame) throw new CodedError('FILE_CHANGED', `${name}: was ${before === null ? 'made' : kind === undefined ? 'removed' : 'changed'} by something else meanwhile`)
}

/**
 * As `replaceFile`, for a file that was read: somebody who saved it since keeps it. There is no lock: it is looked at right before.
 * @param before - what it held when work on it began; null if it was not there
 * @throws CodedError FILE_CHANGED, and as `replaceFile`
 */
export function replaceUnchanged(path: string, bytes: Uint8Array, before: Uint8Array | null, name: string = path, mode?: number): void {
  checkUnchanged(path, before, name)
  replaceFile(path, bytes, name, mode)
}

function holds(path: string, bytes: Uint8Array): boolean {
  try {
    return Buffer.from(readFileBounded(path, { limitBytes: bytes.length })).equals(bytes)
  } catch (error) {
    if (error instanceof CodedError && error.code === 'PARSE_LIMIT') return false
    throw error
  }
}

/** A file that must not exist yet, for its owner alone. So are the folders on the way that are missing. @throws CodedError as `createFile` */
export function createPrivateFile(path: string, bytes: Uint8Array, name: string = path): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw fileError('FILE_UNWRITABLE', name, cause)
  }
  createFile(path, bytes, 0o600, name)
}

/**
 * Makes a file that must not exist yet.
 * @param path - absolute
 * @param mode - less the umask
 * @throws CodedError FILE_EXISTS, FILE_UNWRITABLE
 */
export function createFile(path: string, bytes: Uint8Array, mode: number, name: string = path): void {
  let fd: number
  try {
    fd = openSync(path, 'wx', mode)
  } catch (cause) {
    if (errnoIs(cause, 'EEXIST')) throw new CodedError('FILE_EXISTS', `${name}: exists already`, { hint: 'nothing was written' })
    throw fileError('FILE_UNWRITABLE', name, cause)
  }
  try {
    writeFully(fd, bytes)
    fsyncSync(fd)
  } catch (cause) {
    unlinkSync(path)
    throw fileError('FILE_UNWRITABLE', name, cause)
  } finally {
    closeSync(fd)
  }
}

/** @returns false if a rename would lose something or cannot be done; nothing has happened then */
function replaceByRename(target: string, bytes: Uint8Array, old: Stats | undefined, mode: number | undefined): boolean {
  const sibling = siblingOf(target, 'tmp')
  let fd: number
  try {
    fd = openSync(sibling, 'wx', mode ?? (old ? 0o600 : 0o666))
  } catch (cause) {
    if (old && errnoIs(cause, 'EACCES', 'EPERM', 'EROFS')) return false
    throw cause
  }
  try {
    try {
      writeFully(fd, bytes)
      fsyncSync(fd)
      // Last: what a killed process leaves may be plaintext, and is its owner's alone.
      if (old && !takeOver(fd, old)) return false
      if (mode !== undefined) fchmodSync(fd, mode)
    } finally {
      closeSync(fd)
    }
    renameSync(sibling, target)
  } catch (cause) {
    if (old && errnoIs(cause, 'EBUSY')) return false
    throw cause
  } finally {
    removeIfThere(sibling)
  }
  syncFolder(dirname(target))
  return true
}

/** Gives the new file the old one's owner and mode. @returns false if we may not */
function takeOver(fd: number, old: Stats): boolean {
  const now = fstatSync(fd)
  try {
    if (now.uid !== old.uid || now.gid !== old.gid) fchownSync(fd, old.uid, old.gid)
    fchmodSync(fd, old.mode & 0o7777)
    return true
  } catch {
    return false
  }
}

function writeInPlace(target: string, bytes: Uint8Array): void {
  const original = readFileBounded(target, { limitBytes: Number.MAX_SAFE_INTEGER })
  const fd = openSync(target, 'r+')
  try {
    const copy = writeCopy(target, original)
    try {
      writeFully(fd, bytes)
      ftruncateSync(fd, bytes.length)
      fsyncSync(fd)
    } catch (cause) {
      if (!restore(fd, original)) throw new CodedError('FILE_UNWRITABLE', `${target}: ${errnoText(cause)}`, { hint: `the original content is in ${copy}`, cause })
      removeIfThere(copy)
      throw cause
    }
    removeIfThere(copy)
  } finally {
    closeSync(fd)
  }
}

function restore(fd: number, original: Uint8Array): boolean {
  try {
    writeFully(fd, original, 0)
    ftruncateSync(fd, original.length)
    fsyncSync(fd)
    return true
  } catch {
    return false
  }
}

/** @returns where it stands: beside the file, or among temporary files if its folder may not be written */
function writeCopy(target: string, content: Uint8Array): string {
  for (const folder of [dirname(target), tmpdir()]) {
    const copy = siblingOf(join(folder, basename(target)), 'orig')
    let fd: number
    try {
      fd = openSync(copy, 'wx', 0o600)
    } catch (cause) {
      if (folder !== tmpdir() && errnoIs(cause, 'EACCES', 'EPERM', 'EROFS')) continue
      throw cause
    }
    try {
      writeFully(fd, content)
      fsyncSync(fd)
    } catch (cause) {
      removeIfThere(copy)
      throw cause
    } finally {
      closeSync(fd)
    }
    syncFolder(folder)
    return copy
  }
  throw new CodedError('FILE_UNWRITABLE', `${target}: no place for a copy of the original`)
}

function writeThrough(target: string, bytes: Uint8Array): void {
  const fd = openSync(target, 'w')
  try {
    writeFully(fd, bytes)
  } finally {
    closeSync(fd)
  }
}

/** @param position - where to start; absent: where the descriptor stands */
function writeFully(fd: number, bytes: Uint8Array, position: number | null = null): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at, position === null ? null : position + at)
}

function siblingOf(target: string, ending: 'tmp' | 'orig'): string {
  return join(dirname(target), `${siblingStart(target)}${process.pid}-${randomBytes(4).toString('hex')}.${ending}`)
}

function siblingStart(target: string): string {
  const name = Buffer.from(basename(target)).subarray(0, SIBLING_NAME_BYTES).toString()
  return `.${name}.waxseal-`
}

/** Removes what a killed process left beside the file. Of one that still runs, it stays. */
function removeLeftovers(target: string): void {
  const start = siblingStart(target)
  let names: string[]
  try {
    names = readdirSync(dirname(target))
  } catch {
    return // a folder that may be entered but not listed
  }
  for (const name of names) {
    if (!name.startsWith(start)) continue
    const pid = /^(\d{1,10})-[0-9a-f]{8}\.tmp$/.exec(name.slice(start.length))?.[1]
    if (pid !== undefined && !isRunning(Number(pid))) removeIfThere(join(dirname(target), name))
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errnoIs(error, 'EPERM')
  }
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // renamed already, or not ours to remove
  }
}

/** Makes a rename last. Some file systems cannot sync a folder; then there is nothing more to do. */
function syncFolder(folder: string): void {
  let fd: number | undefined
  try {
    fd = openSync(folder, 'r')
    fsyncSync(fd)
  } catch {
    // the new content itself is synced
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

/** What stands at a path, links followed; 'other' is a device, FIFO or socket. */
export function kindOfFile(path: string): 'file' | 'folder' | 'other' | undefined {
  let stats: Stats | undefined
  try {
    stats = statSync(path, { throwIfNoEntry: false })
  } catch (cause) {
    if (errnoIs(cause, 'ENOTDIR')) return undefined
    throw fileError('FILE_UNREADABLE', path, cause)
  }
  if (stats === undefined) return undefined
  return stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : 'other'
}
