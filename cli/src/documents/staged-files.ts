/**
 * What git would commit: the added and changed files of its index, whatever the working folder holds.
 * Follows: git-diff(1), raw output format; git-cat-file(1), batch output.
 * @module
 */
import { spawn } from 'node:child_process'
import { CodedError } from '@waxseal/core'
import type { Context } from '../context.ts'
import { inputLimit } from './input-limit.ts'
import { findProgram } from '../process/program-path.ts'

/** Of a record for a regular file: `:OLDMODE MODE OLDOBJECT OBJECT STATUS`. */
const RECORD = /^:\d{6} 100\d{3} [0-9a-f]+ ([0-9a-f]+) [A-Z]$/
const BLOB = /^[0-9a-f]+ blob (\d+)$/

/** By name below the working folder. @throws CodedError GIT_FAILED, PARSE_LIMIT */
export async function stagedFiles(context: Context): Promise<ReadonlyMap<string, Buffer>> {
  const raw = await git(context, ['diff', '--cached', '--raw', '-z', '--no-abbrev', '--no-renames', '--no-ext-diff', '--diff-filter=ACM', '--relative'])
  const fields = raw.toString('utf8').split('\0')
  const staged: { readonly name: string; readonly object: string }[] = []
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const object = RECORD.exec(fields[at]!)?.[1]
    if (object !== undefined) staged.push({ name: fields[at + 1]!, object })
  }
  if (staged.length === 0) return new Map()
  const contents = readBlobs(await git(context, ['cat-file', '--batch'], staged.map(({ object }) => `${object}\n`).join('')))
  return new Map(staged.map(({ name }, at) => [name, contents[at]!]))
}

function readBlobs(batch: Buffer): readonly Buffer[] {
  const blobs: Buffer[] = []
  for (let at = 0; at < batch.length; ) {
    const end = batch.indexOf('\n', at)
    const size = Number(BLOB.exec(batch.toString('latin1', at, end))?.[1] ?? Number.NaN)
    if (Number.isNaN(size)) throw failed('its answer cannot be read')
    blobs.push(batch.subarray(end + 1, end + 1 + size))
    at = end + size + 2
  }
  return blobs
}

/** @returns what it prints */
async function git(context: Context, args: readonly string[], input = ''): Promise<Buffer> {
  const program = findProgram('git', context)
  if (program === undefined) throw failed('there is no program git')
  const { limitBytes, hint } = inputLimit(context)
  const child = spawn(program, args, { cwd: context.cwd, env: context.env, stdio: ['pipe', 'pipe', 'ignore'] })
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve).on('error', () => resolve(null)))
  child.stdin.on('error', () => {}) // it has ended; its status tells
  child.stdin.end(input)
  const chunks: Buffer[] = []
  let total = 0
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    total += chunk.length
    if (total > limitBytes) {
      child.kill()
      throw new CodedError('PARSE_LIMIT', `what is staged is larger than ${limitBytes} bytes`, hint === undefined ? {} : { hint })
    }
    chunks.push(chunk)
  }
  if ((await ended) !== 0) throw failed(`git ${args[0]} fails here`)
  return Buffer.concat(chunks)
}

function failed(reason: string): CodedError {
  return new CodedError('GIT_FAILED', `cannot tell what is staged: ${reason}`, { hint: 'call it in a repository, or name files and folders in place of --staged' })
}
