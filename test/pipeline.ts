/**
 * A file through core, formats and the age provider in this process: corpora run in bulk this way.
 * @module
 */
import { readFileSync } from 'node:fs'
import {
  encryptDocument, openDocument, plainTree, saveDocument, setAt, type EncryptRequest, type Format, type Providers, type Selection, type TreePath, type Value,
} from '@waxseal/core'
import { createAgeProvider } from '@waxseal/provider-age'
import { AGE_KEY_FILE, AGE_RECIPIENT } from './programs.ts'

const providers: Providers = new Map([['age', createAgeProvider([{ location: 'test key', form: 'file', load: async () => readFileSync(AGE_KEY_FILE, 'utf8') }])]])
const age = providers.get('age')
if (!age) throw new TypeError('no age provider')
const recipient = age.fromText(AGE_RECIPIENT, { now: new Date() })

export interface EncryptSettings {
  readonly selection?: Selection | null
}

/** @throws CodedError */
export async function encryptBytes(format: Format, source: Uint8Array, settings: EncryptSettings = {}): Promise<Uint8Array> {
  const document = format.parsePlain?.(source) ?? format.parse(source)
  const request: EncryptRequest = {
    groups: [[recipient]],
    version: '3.13.2',
    providers,
    isReservedKey: (key) => format.isReservedKey(key),
    ...(format.name === 'binary' ? { selection: null } : settings),
  }
  const { edits, metadata } = await encryptDocument(document, request)
  return document.apply(edits, metadata)
}

/** The encrypted file with another value, as `waxseal set` writes it. @throws CodedError */
export async function setBytes(format: Format, source: Uint8Array, path: TreePath, value: Value): Promise<Uint8Array> {
  const opened = await openDocument(format.parse(source), { providers })
  const { edits, metadata } = await saveDocument(opened, { changed: setAt(opened.document.tree, path, { kind: 'leaf', value }, opened.plain) })
  return opened.document.apply(edits, metadata)
}

/** @param keyText - identities instead of the test key's. @throws CodedError */
export async function decryptBytes(format: Format, source: Uint8Array, keyText?: string): Promise<Uint8Array> {
  const document = format.parse(source)
  const opened = await openDocument(document, { providers: keyText === undefined ? providers : providersOf(keyText), keepNonces: false })
  return document.apply(opened.edits, null)
}

/** The plaintext as another format writes it. */
export async function convertBytes(from: Format, to: Format, source: Uint8Array): Promise<Uint8Array> {
  return to.emit(plainTree(await openDocument(from.parse(source), { providers, keepNonces: false })))
}

export function providersOf(keyText: string): Providers {
  return new Map([['age', createAgeProvider([{ location: 'key', form: 'file', load: async () => keyText }])]])
}
