/**
 * Files with a private SSH key: OpenSSH's own form, or PEM. The first key in the text counts.
 * @module
 */
import { readOpenSshKey } from './openssh-key.ts'
import { readPemKey } from './pem-key.ts'
import { parseSshPublicKey, unreadable, type LockedSshKey, type SshPrivateKey, type SshPublicKey } from './ssh-key.ts'

const BEGIN = '-----BEGIN '
const END = '\n-----END '
const OPENSSH = /^-----BEGIN OPENSSH PRIVATE KEY-----\n([A-Za-z0-9+/=\n]+)-----END OPENSSH PRIVATE KEY-----$/

/**
 * @param source - borrowed
 * @throws CodedError IDENTITY_INVALID - no key, a damaged one, or one of another kind
 */
export function parseSshPrivateKey(source: Uint8Array | string): SshPrivateKey | LockedSshKey {
  const block = firstBlock(textOf(source))
  if (block === null) throw unreadable('no key found')
  const openSsh = OPENSSH.exec(block)?.[1]
  return openSsh === undefined ? readPemKey(block) : readOpenSshKey(Buffer.from(openSsh, 'base64'))
}

function firstBlock(text: string): string | null {
  const start = text.startsWith(BEGIN) ? 0 : text.indexOf(`\n${BEGIN}`) + 1
  const end = text.indexOf(END, start) + 1
  if (!text.startsWith(BEGIN, start) || end === 0) return null
  const lineEnd = text.indexOf('\n', end)
  return text.slice(start, lineEnd < 0 ? undefined : lineEnd).trimEnd()
}

/** The public key in a `.pub` file. @throws CodedError IDENTITY_INVALID */
export function parseSshPublicKeyFile(source: Uint8Array | string): SshPublicKey {
  const line = textOf(source).split('\n').find((text) => text.trim() !== '' && !text.startsWith('#'))
  const key = parseSshPublicKey(line?.trim() ?? '')
  if (!key) throw unreadable('no public key found')
  return key
}

function textOf(source: Uint8Array | string): string {
  const text = typeof source === 'string' ? source : Buffer.from(source.buffer, source.byteOffset, source.byteLength).toString('latin1')
  return text.replaceAll('\r\n', '\n')
}
