/**
 * age as a kind of master key.
 * Follows: getsops/sops age/keysource.go.
 * @module
 */
import { randomBytes } from 'node:crypto'
import { CodedError, type KeyProvider } from '@waxseal/core'
import { parseAgeFile, PAYLOAD_NONCE_BYTES, writeAgeFile } from './age-file.ts'
import { armor, dearmor } from './armor.ts'
import { wrapForHybrid } from './hybrid.ts'
import { wipeIdentities } from './identity.ts'
import { loadIdentities, type IdentitySource, type LoadedIdentities } from './identity-sources.ts'
import { createOpener, requirePlugins, type AgeHelpers } from './opener.ts'
import { wrapByPlugin } from './plugin.ts'
import { FILE_KEY_BYTES } from './primitives.ts'
import { fieldsOf, newRef, parseAgeRecipient, refFrom, type AgeRecipient, type AgeRef } from './ref.ts'
import { wrapForSsh } from './ssh.ts'
import type { Stanza } from './stanza.ts'
import { POINT_BYTES, wrapFileKey } from './x25519.ts'

type NativeRecipient = Exclude<AgeRecipient, { kind: 'plugin' }>

/** The reference's words, which people look for. */
const UNWRAPPING = 'failed to create reader for decrypting sops data key with age'
const ONE_DOES_NOT_MATCH = 'identity did not match any of the recipients: incorrect identity for recipient block'
const NONE_MATCHES = 'no identity matched any of the recipients'

export function createAgeProvider(sources: readonly IdentitySource[], helpers: AgeHelpers = {}): KeyProvider<AgeRef> {
  const openFile = createOpener(helpers)
  return {
    type: 'age',
    parse: refFrom,
    serialize: fieldsOf,
    fromText: newRef,
    fromGroup(element) {
      if (typeof element !== 'string') throw new CodedError('CONFIG_INVALID', 'an age key of a key group must be a string')
      return element.split(',').map((text) => text.trim()).filter((text) => text !== '').map(newRef)
    },
    displayName: (ref) => ref.recipient,
    async wrap(part, ref, { signal }) {
      return { ...ref, enc: armor(await wrap(part, ref.recipient, helpers, signal)) }
    },
    async credentialSource(ref, options) {
      for (const source of sources) {
        try {
          const part = await createAgeProvider([source]).unwrap(ref, options) // without helpers: nobody is asked twice
          part?.fill(0)
          return source.location
        } catch (error) {
          if (!(error instanceof CodedError)) throw error
        }
      }
      return undefined
    },
    async unwrap(ref, { signal }) {
      const loaded = await loadIdentities(sources, ref.recipient)
      if (loaded.identities.length === 0) throw failure('failed to load age identities', loaded)
      try {
        const part = await openFile(parseAgeFile(dearmor(ref.enc)), loaded.identities, signal)
        if (part) return part
      } catch (error) {
        if (!(error instanceof CodedError) || error.code === 'CANCELED') throw error
        throw failure(`${UNWRAPPING}: ${error.message}`, loaded, error)
      } finally {
        wipeIdentities(loaded.identities)
      }
      throw failure(`${UNWRAPPING}: ${loaded.identities.length === 1 ? ONE_DOES_NOT_MATCH : NONE_MATCHES}`, loaded)
    },
  }
}

async function wrap(part: Uint8Array, text: string, { plugins }: AgeHelpers, signal: AbortSignal): Promise<Uint8Array> {
  const recipient = parseAgeRecipient(text)
  const fileKey = randomBytes(FILE_KEY_BYTES)
  try {
    const stanzas = recipient.kind === 'plugin' ? await wrapByPlugin(fileKey, recipient, requirePlugins(plugins), signal) : [await wrapFor(recipient, fileKey)]
    return writeAgeFile(part, fileKey, stanzas, randomBytes(PAYLOAD_NONCE_BYTES))
  } finally {
    fileKey.fill(0)
  }
}

/** @throws CodedError RECIPIENT_INVALID - no honest key has such a recipient */
async function wrapFor(recipient: NativeRecipient, fileKey: Uint8Array): Promise<Stanza> {
  const scalar = randomBytes(POINT_BYTES)
  try {
    const stanza = await tryWrap(recipient, fileKey, scalar)
    if (!stanza) throw new CodedError('RECIPIENT_INVALID', `the ${recipient.kind} recipient is no point of the curve, or one of low order`)
    return stanza
  } finally {
    scalar.fill(0)
  }
}

function tryWrap(recipient: NativeRecipient, fileKey: Uint8Array, scalar: Uint8Array): Stanza | null | Promise<Stanza | null> {
  if (recipient.kind === 'x25519') return wrapFileKey(fileKey, recipient.point, scalar)
  return recipient.kind === 'hybrid' ? wrapForHybrid(fileKey, recipient.key) : wrapForSsh(fileKey, recipient, scalar)
}

function failure(what: string, { problems, unused }: LoadedIdentities, cause?: CodedError): CodedError {
  const trouble = problems.length ? `. Errors while loading age identities: ${problems.join('; ')}` : ''
  const quoted = unused.map((location) => `'${location}'`)
  const places = quoted.length < 3 ? quoted.join(' and ') : `${quoted.slice(0, -1).join(', ')}, and ${quoted.at(-1)}`
  const looked = quoted.length ? `. Did not find keys in location${quoted.length > 1 ? 's' : ''} ${places}.` : ''
  const hint = cause?.hint ?? 'set SOPS_AGE_KEY_FILE to a file with the identity of one of the recipients'
  return new CodedError(cause?.code ?? 'IDENTITY_INVALID', `${what}${trouble}${looked}`, { hint, cause })
}
