/**
 * Which formats a command reads and writes, and how wide their indentation is.
 * @module
 */
import { resolve } from 'node:path'
import { applyEdits, CodedError, plainTree } from '@waxseal/core'
import type { Change, Document, EmitOptions, Format, OpenedDocument, Tree } from '@waxseal/core'
import { formatByName, formatForPath } from '@waxseal/formats'
import type { Invocation } from './action.ts'
import { failingWith } from './reference-text.ts'

const STATUS_EMIT = 4
const NOT_BINARY = 'This is likely not an encrypted binary file? If not, use --output-type to select the correct output type.'

export interface Stores {
  readonly input: Format
  readonly output: Format
  /** `--indent` was given: the result is laid out anew instead of keeping the user's layout. */
  readonly indent: number | undefined
  /** From the rule file, for what is written fresh. */
  readonly indentOf: (format: Format) => EmitOptions
}

/** @param path - the name that tells where no type is given. @throws SopsError if the rule file is broken: it may hold indentation */
export async function storesFor({ flags, globals, rules }: Invocation, path: string): Promise<Stores> {
  const { yaml = 0, json = -1, jsonBinary = -1 } = (await rules())?.stores ?? {}
  const indents: Readonly<Record<string, number>> = { yaml, json, binary: jsonBinary }
  const indent = globals.isGiven('indent') ? globals.int('indent') : undefined
  const pick = (type: string): Format => formatByName(flags.string(type)) ?? formatForPath(path)
  return {
    input: pick('input-type'),
    output: pick('output-type'),
    indent,
    indentOf: (format) => {
      const width = indent ?? indents[format.name]
      return width === undefined ? {} : { indent: width }
    },
  }
}

/** Without `--filename-override` the file's own absolute name. */
export function namedAs({ flags, context }: Invocation, path: string): string {
  const override = flags.string('filename-override')
  return override === '' ? path : resolve(context.cwd, override)
}

/** A document's text with a change, in its own layout where the format stays. */
export function renderEncrypted(document: Document, change: Change, stores: Stores): Promise<Uint8Array> {
  return failingWith(STATUS_EMIT, 'Could not marshal tree: ', () => {
    checkIndent(stores)
    if (keepsLayout(stores)) return document.apply(change.edits, change.metadata)
    return stores.output.emit(applyEdits(document.tree, change.edits), change.metadata, stores.indentOf(stores.output))
  })
}

export function renderPlain(opened: OpenedDocument, stores: Stores): Promise<Uint8Array> {
  return failingWith(STATUS_EMIT, 'Error dumping file: ', () => {
    checkIndent(stores)
    if (keepsLayout(stores)) return tellingBinary(stores.output, () => opened.document.apply(opened.edits, null))
    return emitPlain(plainTree(opened), stores)
  })
}

/** @throws CodedError EMIT_FAILED */
export function emitPlain(tree: Tree, { output, indentOf }: Stores): Uint8Array {
  return tellingBinary(output, () => output.emit(tree, undefined, indentOf(output)))
}

/** A tree that holds no binary file's content was probably encrypted under another type. */
function tellingBinary(output: Format, write: () => Uint8Array): Uint8Array {
  try {
    return write()
  } catch (error) {
    if (!(error instanceof CodedError) || output.name !== 'binary') throw error
    throw new CodedError(error.code, `${error.message}\n\n${NOT_BINARY}`, { cause: error })
  }
}

export function keepsLayout({ input, output, indent }: Stores): boolean {
  return input.name === output.name && indent === undefined
}

/** Widths that the reference refuses when it writes, whatever it writes. */
function checkIndent({ output, indentOf }: Stores): void {
  const { indent = 0 } = indentOf(output)
  if (output.name === 'yaml' && indent < 0) throw new CodedError('EMIT_FAILED', 'YAML Negative indentation not accepted')
  if (indent < -1) throw new CodedError('EMIT_FAILED', 'Error marshaling to json: JSON Indentation parameter smaller than -1 is not accepted')
}
