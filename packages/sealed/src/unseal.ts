/**
 * SealedSecret -> Secret: all items or nothing.
 * Follows: bitnami-labs/sealed-secrets sealedsecret_expansion.go, with what later versions changed: a decrypted item wins over a
 * template of its name, sibling templates see each other's text, and a null template leaves out the item of its name.
 * @module
 */
import { setImmediate } from 'node:timers/promises'
import { CodedError, type ErrorCode } from '@waxseal/core'
import { rejected, startOfBlock } from './hybrid.ts'
import { readMetadata, secretItems, secretOf, sortedMap, type ObjectMeta, type SealedSecretManifest, type SecretManifest } from './manifest.ts'
import { ANNOTATION_PREFIX, labelOf } from './scope.ts'
import type { Opened, OpenItem, OpenItemAsync } from './sealing-key.ts'

/** Of one object, so that file work of the same threads gets its turn. */
const ITEMS_AT_ONCE = 8
/** Items that no key fits cost no wait: an object with thousands of them would hold up everything else. */
const ITEMS_IN_A_ROW = 256

/** Before these words Go's text names places and types; behind them can stand a value. */
const BEFORE_VALUES = /error calling [\w.]+: |range can't iterate over |can't use /

export const SKIP_OWNER_ANNOTATION = `${ANNOTATION_PREFIX}skip-set-owner-references`

/**
 * Renders Go templates over decrypted items, without I/O and within bounds.
 * Its error may have `failures`: the text for each template that failed.
 */
export type RenderTemplates = (
  templates: ReadonlyMap<string, string>,
  values: ReadonlyMap<string, Uint8Array>,
) => ReadonlyMap<string, Uint8Array>

/** The same where it may take a while. */
export type RenderTemplatesAsync = (...parameters: Parameters<RenderTemplates>) => Rendered | Promise<Rendered>

export interface UnsealOptions<Render = RenderTemplates> {
  /** Absent: `spec.template.data` is neither rendered nor in the result. */
  readonly render?: Render
  /** The form before `encryptedData`: a whole Secret sealed into `spec.data`. */
  readonly acceptWholeSecret?: boolean
  /** Fingerprint of the key to try first. */
  readonly expected?: string
}

export interface Unsealed {
  /** As it should be in the cluster: name, namespace and owner are the SealedSecret's. */
  readonly secret: SecretManifest
  /** Which of its keys are sealed items and which came out of templates. */
  readonly itemNames: readonly string[]
  readonly templateNames: readonly string[]
  /** Of the keys that opened it, without repetition. */
  readonly fingerprints: readonly string[]
}

/** What opened, all or nothing. */
export interface OpenedItems {
  readonly items: ReadonlyMap<string, Buffer>
  readonly fingerprints: readonly string[]
}

interface Success extends Opened {
  readonly name: string
}
interface Failure {
  readonly name: string
  readonly error: CodedError
}
type Outcome = Success | Failure

const isFailure = (outcome: Outcome): outcome is Failure => 'error' in outcome
const isSuccess = (outcome: Outcome): outcome is Success => !isFailure(outcome)

/**
 * @param sealed - with `metadata.uid` if it came from a cluster; the owner reference carries it
 * @throws CodedError SEALED_REJECTED, SEALED_MALFORMED - some item does not open; equal messages are grouped and name their items
 * @throws CodedError TEMPLATE_FAILED, SECRET_INVALID
 */
export function unsealSecret(sealed: SealedSecretManifest, open: OpenItem, options: UnsealOptions = {}): Unsealed {
  const whole = wholeSecret(sealed, options)
  if (whole !== undefined) return assembleWhole(sealed, open(whole, labelOf(sealed.metadata), options.expected))
  const opened = openItems(sealed, open, options.expected)
  return assemble(sealed, opened, render(sealed, opened, options))
}

/** The same off the event loop. */
export async function unsealSecretAsync(sealed: SealedSecretManifest, open: OpenItemAsync, options: UnsealOptions<RenderTemplatesAsync> = {}): Promise<Unsealed> {
  const whole = wholeSecret(sealed, options)
  if (whole !== undefined) return assembleWhole(sealed, await open(whole, labelOf(sealed.metadata), options.expected))
  const opened = await openItemsAsync(sealed, open, options.expected)
  return assemble(sealed, opened, await renderAsync(sealed, opened, options))
}

/** Opens every item and renders nothing. @throws as `unsealSecret` */
export function openItems({ metadata, spec }: SealedSecretManifest, open: OpenItem, expected?: string): OpenedItems {
  const label = labelOf(metadata)
  let likely = expected
  const outcomes = bestClueFirst(spec.encryptedData).map(([name, text]): Outcome => {
    try {
      const opened = open(text, label, likely)
      likely = opened.fingerprint
      return { name, ...opened }
    } catch (error) {
      return failureOf(name, error)
    }
  })
  return allOpened(outcomes)
}

/** One item tells the key; the others follow, some at a time. */
export async function openItemsAsync({ metadata, spec }: SealedSecretManifest, open: OpenItemAsync, expected?: string): Promise<OpenedItems> {
  const label = labelOf(metadata)
  const attempt = async ([name, text]: readonly [string, string], likely: string | undefined): Promise<Outcome> => {
    try {
      return { name, ...(await open(text, label, likely)) }
    } catch (error) {
      return failureOf(name, error)
    }
  }
  const [first, ...others] = bestClueFirst(spec.encryptedData)
  if (first === undefined) return allOpened([])
  const outcomes = [await attempt(first, expected)]
  const likely = outcomes.filter(isSuccess)[0]?.fingerprint ?? expected
  const queue = others.values()
  const work = async (): Promise<void> => {
    for (const item of queue) {
      outcomes.push(await attempt(item, likely))
      if (outcomes.length % ITEMS_IN_A_ROW === 0) await setImmediate()
    }
  }
  await Promise.all(Array.from({ length: ITEMS_AT_ONCE }, work))
  return allOpened(outcomes)
}

/** The item with the greatest RSA block leaves the fewest keys that it can have been sealed for. */
function bestClueFirst(encryptedData: Readonly<Record<string, string>>): readonly (readonly [name: string, text: string])[] {
  const items = Object.entries(encryptedData)
  if (items.length < 2) return items
  const best = items.reduce((best, item) => (Buffer.compare(startOfBlock(item[1]), startOfBlock(best[1])) > 0 ? item : best))
  return [best, ...items.filter((item) => item !== best)]
}

function failureOf(name: string, error: unknown): Failure {
  if (error instanceof CodedError) return { name, error }
  throw error
}

function allOpened(outcomes: readonly Outcome[]): OpenedItems {
  const failures = outcomes.filter(isFailure)
  if (failures.length > 0) throw groupFailures(failures)
  const opened = outcomes.filter(isSuccess).sort((a, b) => (a.name < b.name ? -1 : 1))
  return {
    items: new Map(opened.map(({ name, bytes }) => [name, bytes])),
    fingerprints: [...new Set(opened.map(({ fingerprint }) => fingerprint))],
  }
}

/** `message (item, item)`, one line for each different message, sorted. */
function groupFailures(failures: readonly Failure[]): CodedError {
  const failuresByMessage = Map.groupBy(failures, ({ error }) => error.message)
  const lines = [...failuresByMessage].map(([message, alike]) => `${message} (${alike.map(({ name }) => name).sort().join(', ')})`)
  const codes = new Set(failures.map(({ error }) => error.code))
  const code: ErrorCode = codes.size === 1 ? (failures[0]?.error.code ?? 'SEALED_REJECTED') : 'SEALED_REJECTED'
  const hint = failures.map(({ error }) => error.hint).find((text) => text !== undefined)
  return new CodedError(code, lines.sort().join('\n'), { ...(hint !== undefined && { hint }), reports: failures.map(({ name, error }) => ({ item: name, code: error.code })) })
}

type Rendered = ReturnType<RenderTemplates>

function render(sealed: SealedSecretManifest, { items }: OpenedItems, options: UnsealOptions): Rendered {
  const templates = templatesOf(sealed)
  if (!options.render || templates.size === 0) return new Map()
  try {
    return options.render(templates, items)
  } catch (error) {
    throw templateFailure(error, templates)
  }
}

async function renderAsync(sealed: SealedSecretManifest, { items }: OpenedItems, options: UnsealOptions<RenderTemplatesAsync>): Promise<Rendered> {
  const templates = templatesOf(sealed)
  if (!options.render || templates.size === 0) return new Map()
  try {
    return await options.render(templates, items)
  } catch (error) {
    throw templateFailure(error, templates)
  }
}

/** Without those that are null. */
function templatesOf({ spec }: SealedSecretManifest): ReadonlyMap<string, string> {
  return new Map(Object.entries(spec.template.data ?? {}).filter((entry): entry is [string, string] => entry[1] !== null))
}

function assemble(sealed: SealedSecretManifest, { items, fingerprints }: OpenedItems, rendered: Rendered): Unsealed {
  const { template } = sealed.spec
  const isKept = (name: string): boolean => template.data?.[name] !== null
  const data = new Map<string, Uint8Array>(rendered)
  for (const [name, bytes] of items) if (isKept(name)) data.set(name, bytes)
  const { type, immutable } = template
  return {
    secret: {
      kind: 'Secret',
      apiVersion: 'v1',
      metadata: ownedMetadata(template.metadata, sealed),
      ...(immutable === undefined ? {} : { immutable }),
      ...(data.size === 0 ? {} : { data: sortedMap([...data].map(([name, bytes]) => [name, Buffer.from(bytes).toString('base64')])) }),
      ...(type === undefined ? {} : { type }),
    },
    itemNames: [...items.keys()].filter(isKept),
    templateNames: [...rendered.keys()].filter((name) => !items.has(name)),
    fingerprints,
  }
}

/** @returns what to throw instead */
function templateFailure(error: unknown, templates: ReadonlyMap<string, string>): unknown {
  if (!(error instanceof Error && 'failures' in error && error.failures instanceof Map)) return error
  return groupFailures([...error.failures].map(([name, text]) => ({ name: String(name), error: new CodedError('TEMPLATE_FAILED', withoutValues(String(text), templates)) })))
}

/**
 * Status, events and logs are read by people who may not read Secrets. So what a failed template says of values is told only if it
 * stands in the text of a template, as the argument of `fail` does.
 */
function withoutValues(text: string, templates: ReadonlyMap<string, string>): string {
  const match = BEFORE_VALUES.exec(text)
  if (match === null) return text
  const end = match.index + match[0].length
  const detail = text.slice(end)
  return [...templates.values()].some((template) => template.includes(detail)) ? text : `${text.slice(0, end)}(not shown: it may hold a value)`
}

/** The template's metadata, with what is not for it to say. */
function ownedMetadata(metadata: ObjectMeta, sealed: SealedSecretManifest): ObjectMeta {
  const { name = '', namespace = '', uid = '' } = sealed.metadata
  const owner = { apiVersion: sealed.apiVersion, kind: sealed.kind, name, uid, controller: true }
  const isOwned = sealed.spec.template.metadata.annotations?.[SKIP_OWNER_ANNOTATION] !== 'true'
  return readMetadata({ ...metadata, name, namespace, ...(isOwned ? { ownerReferences: [owner] } : {}) })
}

function wholeSecret({ spec }: SealedSecretManifest, { acceptWholeSecret = false }: Pick<UnsealOptions, 'acceptWholeSecret'>): string | undefined {
  if (spec.data === undefined) return undefined
  if (!acceptWholeSecret) throw new CodedError('SECRET_INVALID', "using deprecated 'data' field, use 'encryptedData' or flip the feature flag")
  if (Object.keys(spec.encryptedData).length > 0) {
    throw new CodedError('SECRET_INVALID', "cannot use the field 'encryptedData' and the deprecated field 'data' at the same time")
  }
  return spec.data
}

function assembleWhole(sealed: SealedSecretManifest, { bytes, fingerprint }: Opened): Unsealed {
  let secret: SecretManifest
  try {
    secret = secretOf(JSON.parse(bytes.toString('utf8')))
  } catch (error) {
    throw error instanceof CodedError ? error : rejected()
  } finally {
    bytes.fill(0)
  }
  return {
    secret: { ...secret, metadata: ownedMetadata(secret.metadata, sealed) },
    itemNames: [...secretItems(secret).keys()],
    templateNames: [],
    fingerprints: [fingerprint],
  }
}
