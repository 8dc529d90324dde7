/**
 * Keys, certificates, passwords and AES of sprig. Loaded when a template names one of them.
 * Follows: Masterminds/sprig v3.3.0 crypto.go; the Master Password algorithm (derivePassword).
 * @module
 */
import { createCipheriv, createDecipheriv, createHmac, scryptSync, type KeyObject } from 'node:crypto'
import { bcrypt } from '../bcrypt.ts'
import { certificate, generateKey, parseCertificate, parsePrivateKey, privateKeyPem } from '../certificates.ts'
import { FunctionError } from '../errors.ts'
import { fn, type Budget, type Environment, type GoFunction } from '../signature.ts'
import { bytesOf, Struct, textOf, typeName, type GoValue, type List } from '../values.ts'
import { decodeBase64 } from './encoding.ts'

const toBuffer = (s: string): Buffer => Buffer.from(s, 'latin1')
const fromBuffer = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

const VOWELS = 'AEIOU'
const CONSONANTS = 'BCDFGHJKLMNPQRSTVWXYZ'
const LETTERS = VOWELS + VOWELS.toLowerCase() + CONSONANTS + CONSONANTS.toLowerCase()
const CLASSES: Readonly<Record<string, string>> = {
  V: VOWELS,
  C: CONSONANTS,
  v: VOWELS.toLowerCase(),
  c: CONSONANTS.toLowerCase(),
  a: LETTERS,
  n: '0123456789',
  o: "@&%?,=[]_:-+*$#!'^~;()/.",
  x: `${LETTERS}0123456789!@#$%^&*()`,
}
/** Which classes a password of each kind is drawn from. */
const SHAPES: Readonly<Record<string, readonly string[]>> = {
  maximum: ['anoxxxxxxxxxxxxxxxxx', 'axxxxxxxxxxxxxxxxxno'],
  long: [
    'CvcvnoCvcvCvcv', 'CvcvCvcvnoCvcv', 'CvcvCvcvCvcvno', 'CvccnoCvcvCvcv', 'CvccCvcvnoCvcv', 'CvccCvcvCvcvno', 'CvcvnoCvccCvcv',
    'CvcvCvccnoCvcv', 'CvcvCvccCvcvno', 'CvcvnoCvcvCvcc', 'CvcvCvcvnoCvcc', 'CvcvCvcvCvccno', 'CvccnoCvccCvcv', 'CvccCvccnoCvcv',
    'CvccCvccCvcvno', 'CvcvnoCvccCvcc', 'CvcvCvccnoCvcc', 'CvcvCvccCvccno', 'CvccnoCvcvCvcc', 'CvccCvcvnoCvcc', 'CvccCvcvCvccno',
  ],
  medium: ['CvcnoCvc', 'CvcCvcno'],
  short: ['Cvcn'],
  basic: ['aaanaaan', 'aannaaan', 'aaannaaa'],
  pin: ['nnnn'],
}

function derivePassword(counter: number, kind: string, password: string, user: string, site: string): string {
  const shapes = Object.hasOwn(SHAPES, kind) ? SHAPES[kind] : undefined
  if (!shapes) return `cannot find password template ${kind}`
  const prefix = Buffer.from('com.lyndir.masterpassword')
  const sized = (s: string): Buffer => {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(s.length)
    return Buffer.concat([length, toBuffer(s)])
  }
  const key = scryptSync(toBuffer(password), Buffer.concat([prefix, sized(user)]), 64, { N: 32768, r: 8, p: 2, maxmem: 128 << 20 })
  const count = Buffer.alloc(4)
  count.writeUInt32BE(counter)
  const seed = createHmac('sha256', key).update(Buffer.concat([prefix, sized(site), count])).digest()
  const shape = shapes[(seed[0] as number) % shapes.length] ?? ''
  return [...shape].map((c, i) => CLASSES[c]?.[(seed[i + 1] as number) % (CLASSES[c]?.length ?? 1)] ?? '').join('')
}

/** The key is the password's first 32 bytes, filled up with zeros. */
function aesKey(password: string): Buffer {
  const key = Buffer.alloc(32)
  toBuffer(password).copy(key, 0, 0, 32)
  return key
}

function encryptAes(password: string, text: string, { random }: Environment): string {
  if (text === '') return ''
  const iv = random(16)
  const cipher = createCipheriv('aes-256-cbc', aesKey(password), iv)
  return Buffer.concat([iv, cipher.update(toBuffer(text)), cipher.final()]).toString('base64')
}

function decryptAes(password: string, encoded: string): string {
  if (encoded === '') return ''
  const bytes = toBuffer(decodeBase64(encoded))
  if (bytes.length < 32 || bytes.length % 16 !== 0) throw new FunctionError('crypto/cipher: input not full blocks')
  const decipher = createDecipheriv('aes-256-cbc', aesKey(password), bytes.subarray(0, 16)).setAutoPadding(false)
  const plain = Buffer.concat([decipher.update(bytes.subarray(16)), decipher.final()])
  // Only the last byte is looked at, as in the reference.
  const padding = plain.at(-1) ?? 0
  if (padding > plain.length) throw new FunctionError(`runtime error: slice bounds out of range [:${plain.length - padding}]`)
  return fromBuffer(plain.subarray(0, plain.length - padding))
}

function made(pem: string, key: KeyObject): Struct {
  return certificateStruct(bytesOf(pem), bytesOf(privateKeyPem(key)))
}

function certificateStruct(cert: string, key: string): Struct {
  return new Struct('sprig.certificate', `{${cert} ${key}}`, new Map([['Cert', cert], ['Key', key]]))
}

function texts(list: List | null, what: string): string[] {
  return (list?.items ?? []).map((item) => {
    if (typeof item !== 'string') throw new FunctionError(`error parsing ${what}: ${item === null || item === undefined ? '<nil>' : typeName(item)} is not a string`)
    return textOf(item)
  })
}

function generate(
  { budget, now, random }: Environment,
  o: { cn: string; ips?: List | null; dns?: List | null; days: bigint; authority?: boolean; key: KeyObject; issuer?: Struct },
): Struct {
  budget.tick(SIGNATURE_STEPS)
  const issuer = o.issuer
  const field = (name: string): string => {
    const value = issuer?.fields.get(name)
    return typeof value === 'string' ? value : ''
  }
  let signer
  if (issuer) {
    let parsed
    try {
      parsed = parseCertificate(textOf(field('Cert')))
    } catch {
      throw new FunctionError('unable to decode certificate')
    }
    signer = { ...parsed, key: parsePrivateKey(textOf(field('Key'))) }
  }
  const pem = certificate({
    commonName: textOf(o.cn),
    ips: texts(o.ips ?? null, 'ip'),
    dnsNames: texts(o.dns ?? null, 'alternate dns name'),
    days: Number(o.days),
    isAuthority: o.authority ?? false,
    key: o.key,
    ...(signer && { issuer: signer }),
    now: now(),
    serial: random(16),
  })
  return made(pem, o.key)
}

function customCertificate(cert: string, key: string): Struct {
  const decode = (text: string, what: string): string => {
    try {
      return decodeBase64(text)
    } catch (error) {
      throw error instanceof FunctionError ? new FunctionError(`unable to decode base64 ${what}`) : error
    }
  }
  const [certText, keyText] = [decode(cert, 'certificate'), decode(key, 'private key')]
  try {
    parseCertificate(textOf(certText))
  } catch {
    throw new FunctionError('unable to decode certificate')
  }
  try {
    parsePrivateKey(textOf(keyText))
  } catch (error) {
    throw error instanceof FunctionError ? new FunctionError(`error ${error.message}`) : error
  }
  return certificateStruct(certText, keyText)
}

/** A generated RSA key costs as much as thousands of steps, a signature as much as hundreds. */
const KEY_STEPS = 200_000
const SIGNATURE_STEPS = 2000

function newKey(budget: Budget): KeyObject {
  budget.tick(KEY_STEPS)
  return generateKey('rsa2048') as KeyObject
}

type CertArgs = readonly [string, List | null, List | null, bigint]

export const CRYPTO: Readonly<Record<string, GoFunction>> = {
  bcrypt: fn('string', ([password]: readonly [string], { budget, random }) => hash(password, budget, random)),
  htpasswd: fn('string string', ([user, password]: readonly [string, string], { budget, random }) =>
    user.includes(':') ? `invalid username: ${user}` : `${user}:${hash(password, budget, random)}`),
  derivePassword: fn('uint32 string string string string', ([counter, kind, password, user, site]: readonly [{ value: bigint }, string, string, string, string], { budget }) => {
    budget.tick(KEY_STEPS)
    return derivePassword(Number(counter.value), kind, password, user, site)
  }),
  encryptAES: fn('string string', ([password, text]: readonly [string, string], env) => encryptAes(password, text, env)),
  decryptAES: fn('string string', ([password, text]: readonly [string, string]) => decryptAes(password, text)),
  genPrivateKey: fn('string', ([kind]: readonly [string], { budget }) => {
    budget.tick(KEY_STEPS)
    const key = kind === 'rsa2048' ? undefined : generateKey(kind)
    return key ? bytesOf(privateKeyPem(key)) : `Unknown type ${kind}`
  }),
  genCA: fn('string int', ([cn, days]: readonly [string, bigint], env) => generate(env, { cn, days, authority: true, key: newKey(env.budget) })),
  genCAWithKey: fn('string int string', ([cn, days, key]: readonly [string, bigint, string], env) => generate(env, { cn, days, authority: true, key: parsePrivateKey(textOf(key)) })),
  genSelfSignedCert: fn('string list list int', ([cn, ips, dns, days]: CertArgs, env) => generate(env, { cn, ips, dns, days, key: newKey(env.budget) })),
  genSelfSignedCertWithKey: fn('string list list int string', ([cn, ips, dns, days, key]: readonly [...CertArgs, string], env) =>
    generate(env, { cn, ips, dns, days, key: parsePrivateKey(textOf(key)) })),
  genSignedCert: fn('string list list int certificate', ([cn, ips, dns, days, issuer]: readonly [...CertArgs, Struct], env) => generate(env, { cn, ips, dns, days, key: newKey(env.budget), issuer })),
  genSignedCertWithKey: fn('string list list int certificate string', ([cn, ips, dns, days, issuer, key]: readonly [...CertArgs, Struct, string], env) =>
    generate(env, { cn, ips, dns, days, key: parsePrivateKey(textOf(key)), issuer })),
  buildCustomCert: fn('string string', ([cert, key]: readonly [string, string]) => customCertificate(cert, key)),
  randBytes: fn('int', ([count]: readonly [bigint], { budget, random }) => {
    if (count < 0n) throw new FunctionError('runtime error: makeslice: len out of range')
    budget.allow(Number(count) * 2)
    return Buffer.from(random(Number(count))).toString('base64')
  }),
  uuidv4: fn('', (_: readonly GoValue[], { random }) => {
    const bytes = Buffer.from(random(16))
    bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40
    bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80
    return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
  }),
}

function hash(password: string, budget: Budget, random: Environment['random']): string {
  if (password.length > 72) return 'failed to encrypt string with bcrypt: bcrypt: password length exceeds 72 bytes'
  return bcrypt(toBuffer(password), random(16), () => budget.tick(50))
}
