/**
 * The data key of a file: made once, wrapped by every master key, recovered through any key of enough groups.
 * With one group each key wraps the 32 bytes; with several, each key of group i wraps share i, 33 bytes.
 * Follows: getsops/sops sops.go (UpdateMasterKeysWithKeyServices, GetDataKeyWithKeyServices).
 *
 * The bytes live in a `KeyObject`, outside JavaScript's heap; copies that leave it are wiped in `finally`. Strings and
 * garbage are beyond reach: JavaScript gives no guarantee.
 * @module
 */
import { createSecretKey, type KeyObject } from 'node:crypto'
import { CodedError } from './errors.ts'
import { displayName, isUnread, type KeyGroup, type Providers } from './key-group.ts'
import type { Ref } from './provider.ts'
import type { RandomSource } from './random.ts'
import { combineShares, splitSecret } from './shamir.ts'
import { Turns } from './turns.ts'

export const DATA_KEY_BYTES = 32
const SHARE_BYTES = DATA_KEY_BYTES + 1
const DEFAULT_ORDER: readonly string[] = ['age', 'pgp']
/** Keys that are wrapped to at once: each may be a program or a connection, and a file names as many as it likes. */
const WRAP_WIDTH = 32

export function generateDataKey(random: RandomSource): KeyObject {
  return takeKey(random(DATA_KEY_BYTES))
}

export interface WrapRequest {
  readonly groups: readonly KeyGroup[]
  /** 0 or absent: as many as there are groups. Stored but not looked at when there is one group. */
  readonly threshold?: number | undefined
  readonly providers: Providers
  readonly random: RandomSource
  readonly signal?: AbortSignal | undefined
}

export interface WrappedKey {
  readonly groups: readonly KeyGroup[]
  /** To be stored; 0 if it need not be. */
  readonly threshold: number
}

/**
 * Wraps under the keys of all groups, many at once; one failure fails all.
 * @throws CodedError KEY_GROUP_INVALID, SHAMIR_INVALID
 * @throws CodedError WRAP_FAILED - `reports` has a `KeyReport` for each key that failed
 */
export async function wrapDataKey(dataKey: KeyObject, request: WrapRequest): Promise<WrappedKey> {
  const { groups, providers, signal = new AbortController().signal } = request
  if (groups.length === 0) throw new CodedError('KEY_GROUP_INVALID', 'no key groups provided')
  if (groups.some((group) => group.length === 0)) throw new CodedError('KEY_GROUP_INVALID', 'empty key group provided')
  const threshold = storedThreshold(groups.length, request.threshold)
  const parts = splitKey(dataKey, groups.length, threshold, request.random)
  const turns = new Turns(WRAP_WIDTH)
  try {
    const failures: KeyReport[] = []
    const wrapped = await Promise.all(
      groups.map((group, at) =>
        Promise.all(
          group.map(async (ref) => {
            try {
              return await turns.run(() => wrapPart(parts[at]!, ref, providers, signal), signal)
            } catch (error) {
              failures.push(failure(at, ref, providers, error))
              return ref
            }
          }),
        ),
      ),
    )
    if (failures.length > 0) {
      const names = failures.map(({ name, error }) => `${name} (${error?.message})`).join(', ')
      throw new CodedError('WRAP_FAILED', `failed to encrypt new data key with master key ${names}`, {
        reports: failures.sort((a, b) => a.group - b.group),
      })
    }
    return { groups: wrapped, threshold }
  } finally {
    for (const part of parts) part.fill(0)
  }
}

export interface RecoverRequest {
  readonly groups: readonly KeyGroup[]
  /** As stored; 0 with several groups combines all shares there are. */
  readonly threshold: number
  readonly providers: Providers
  /** Kinds of keys to try first; see `parseDecryptionOrder`. */
  readonly decryptionOrder?: readonly string[] | undefined
  readonly signal?: AbortSignal | undefined
}

/** What one key answered when it was asked. */
export interface KeyReport {
  /** 0-based. */
  readonly group: number
  readonly type: string
  readonly name: string
  /** 'absent': nothing here fits the key. 'untried': its group was open already. */
  readonly outcome: 'recovered' | 'absent' | 'failed' | 'untried'
  /** Of a key that failed. */
  readonly error: CodedError | undefined
}

/**
 * Asks the keys of each group in order until one answers, and no more groups than are needed.
 * @throws CodedError DATA_KEY_UNRECOVERABLE - `reports` has a `KeyReport` for every key of every group, in the order tried
 * @throws CodedError SHAMIR_INVALID - shares that do not belong together
 */
export async function recoverDataKey(request: RecoverRequest): Promise<KeyObject> {
  const { groups, threshold } = request
  const single = groups.length === 1
  const required = requiredGroups(groups.length, threshold)
  const enough = single ? 1 : Math.max(2, threshold || groups.length)
  const parts: Uint8Array[] = []
  const reports: KeyReport[] = []
  try {
    for (const [at, group] of groups.entries()) {
      if (parts.length === enough) break
      const part = await openGroup(at, group, request, reports)
      if (part !== null) parts.push(part)
    }
    if (parts.length < required) throw unrecoverable(groups.length, required, parts.length, reports)
    return takeKey(single ? Uint8Array.from(parts[0]!) : combineShares(parts))
  } finally {
    for (const part of parts) part.fill(0)
  }
}

/** What a file gets that is wrapped for so many groups. @param threshold - 0 or absent: all of them */
export function storedThreshold(groups: number, threshold = 0): number {
  return threshold || (groups === 1 ? 0 : groups)
}

/** How many groups must be open. @param threshold - as stored */
export function requiredGroups(groups: number, threshold: number): number {
  return groups === 1 ? 1 : threshold || 2
}

/** What one key answered, how long it took, and what it was used with. */
export interface KeyTest extends KeyReport {
  readonly elapsedMs: number
  readonly source: string | undefined
}

export interface TestRequest extends Pick<RecoverRequest, 'groups' | 'providers' | 'signal'> {
  /** Milliseconds of a clock that only goes forward. */
  readonly clock?: () => number
}

/** Asks every key of every group, one after the other, whether or not its group is open already. @throws CodedError CANCELED */
export async function testKeys({ groups, providers, signal = new AbortController().signal, clock = () => performance.now() }: TestRequest): Promise<readonly KeyTest[]> {
  const partBytes = groups.length === 1 ? DATA_KEY_BYTES : SHARE_BYTES
  const tests: KeyTest[] = []
  for (const [at, group] of groups.entries()) {
    for (const ref of group) {
      const begun = clock()
      const { part, report } = await askKey(ref, at, partBytes, providers, signal)
      part?.fill(0)
      const elapsedMs = clock() - begun
      tests.push({ ...report, elapsedMs, source: await sourceOf(ref, providers, signal) })
    }
  }
  return tests
}

/** A key that cannot be used has no source; why, its own answer tells. */
async function sourceOf(ref: Ref, providers: Providers, signal: AbortSignal): Promise<string | undefined> {
  try {
    return await providers.get(ref.type)?.credentialSource?.(ref, { signal })
  } catch (error) {
    if (!(error instanceof CodedError) || error.code === 'CANCELED') throw error
    return undefined
  }
}

/**
 * @param text - kinds of keys, separated by commas; empty for the default. Unknown ones are allowed and match nothing.
 * @throws CodedError DECRYPTION_ORDER_INVALID
 */
export function parseDecryptionOrder(text: string): readonly string[] {
  if (text === '') return DEFAULT_ORDER
  const types = text.split(',')
  const duplicate = types.find((type, at) => types.indexOf(type) !== at)
  if (duplicate !== undefined) throw new CodedError('DECRYPTION_ORDER_INVALID', `duplicate decryption key type: ${duplicate}`)
  return types
}

async function openGroup(at: number, group: KeyGroup, request: RecoverRequest, reports: KeyReport[]): Promise<Uint8Array | null> {
  const { groups, providers, decryptionOrder = DEFAULT_ORDER, signal = new AbortController().signal } = request
  const partBytes = groups.length === 1 ? DATA_KEY_BYTES : SHARE_BYTES
  const rank = (ref: Ref): number => (decryptionOrder.includes(ref.type) ? decryptionOrder.indexOf(ref.type) : decryptionOrder.length)
  let part: Uint8Array | null = null
  for (const ref of [...group].sort((a, b) => rank(a) - rank(b))) {
    if (part !== null) {
      reports.push({ group: at, type: ref.type, name: displayName(ref, providers), outcome: 'untried', error: undefined })
      continue
    }
    const answer = await askKey(ref, at, partBytes, providers, signal)
    part = answer.part
    reports.push(answer.report)
  }
  return part
}

/** @returns the part, owned by the caller, and what came of the question. @throws CodedError CANCELED */
async function askKey(ref: Ref, group: number, partBytes: number, providers: Providers, signal: AbortSignal): Promise<{ readonly part: Uint8Array | null; readonly report: KeyReport }> {
  try {
    const part = await unwrapPart(ref, partBytes, providers, signal)
    return { part, report: { group, type: ref.type, name: displayName(ref, providers), outcome: part === null ? 'absent' : 'recovered', error: undefined } }
  } catch (error) {
    return { part: null, report: failure(group, ref, providers, error) }
  }
}

async function wrapPart(part: Uint8Array, ref: Ref, providers: Providers, signal: AbortSignal): Promise<Ref> {
  return providerOf(ref, providers).wrap(part, ref, { signal })
}

async function unwrapPart(ref: Ref, bytes: number, providers: Providers, signal: AbortSignal): Promise<Uint8Array | null> {
  const part = await providerOf(ref, providers).unwrap(ref, { signal })
  if (part === null || part.length === bytes) return part
  const actual = part.length
  part.fill(0)
  throw new CodedError('METADATA_INVALID', `the key holds ${actual} bytes, where ${bytes} are expected`)
}

function providerOf(ref: Ref, providers: Providers) {
  const provider = isUnread(ref) ? undefined : providers.get(ref.type)
  if (provider === undefined) throw new CodedError('PROVIDER_UNKNOWN', `keys of type ${ref.type} are not supported here`)
  return provider
}

/** One part per group; copies that the caller wipes. */
function splitKey(dataKey: KeyObject, groups: number, threshold: number, random: RandomSource): Buffer[] {
  const bytes = dataKey.export()
  if (groups === 1) return [bytes]
  try {
    return splitSecret(bytes, groups, threshold, random)
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
    throw new CodedError(error.code, `could not split data key into parts for shamir: ${error.message}`, { cause: error })
  } finally {
    bytes.fill(0)
  }
}

/** @param bytes - taken over and wiped */
function takeKey(bytes: Uint8Array): KeyObject {
  try {
    return createSecretKey(bytes)
  } finally {
    bytes.fill(0)
  }
}

/** A cancelled run is not a key's answer. Errors of other kinds are a provider's defect: they are not hidden in a report. */
function failure(group: number, ref: Ref, providers: Providers, error: unknown): KeyReport {
  if (!(error instanceof CodedError) || error.code === 'CANCELED') throw error
  return { group, type: ref.type, name: displayName(ref, providers), outcome: 'failed', error }
}

function unrecoverable(groups: number, required: number, recovered: number, reports: readonly KeyReport[]): CodedError {
  const message =
    groups === 1
      ? 'no master key was able to decrypt the file'
      : `${required} of ${groups} key groups are needed to decrypt the file, ${recovered} could be opened`
  return new CodedError('DATA_KEY_UNRECOVERABLE', message, { reports })
}
