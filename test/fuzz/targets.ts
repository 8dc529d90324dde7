/**
 * The parsers, each with seeds and with what must hold of every input that it accepts. An input is refused by a `CodedError`;
 * anything else that is thrown is a failure.
 * @module
 */
import { createHash, createSecretKey } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import {
  CodedError, compileRegex, createValueCipher, encryptDocument, findCreationRule, groupsOfRule, openDocument, parseMetadata, parseRules, parseTreePath, serializeMetadata, Timestamp, valueText,
  type Document, type Entry, type Format, type Node, type Providers, type Tree, type Value,
} from '@waxseal/core'
import { binary, dotenv, formats, ini, json, yaml } from '@waxseal/formats'
import { renderTemplates } from '@waxseal/go-template'
import { createAgeProvider } from '@waxseal/provider-age'
import { openWith, readKeySecret, readSealedSecret, reencrypt, unsealSecret } from '@waxseal/sealed'
import { fakeProvider } from '@waxseal/testkit'
import { createHandler } from '../../controller/src/http.ts'
import { Keyring } from '../../controller/src/keyring.ts'
import { parseManifest } from '../../controller/src/manifest-body.ts'
import { GcraLimiter } from '../../controller/src/rate-limit.ts'
import { plainOf } from '../../packages/formats/src/plain.ts'
import { parseAgeFile } from '../../packages/provider-age/src/age-file.ts'
import { armor, dearmor } from '../../packages/provider-age/src/armor.ts'
import { parseIdentities } from '../../packages/provider-age/src/identity-file.ts'
import { parseSshPrivateKey } from '../../packages/provider-age/src/ssh-key-file.ts'
import { ControllerInMemory, isRecord } from './controller.ts'
import { hostileManifests, type Sealed } from './hostile.ts'

const FIXTURES = join(import.meta.dirname, '..', '..', 'fixtures', 'sops-3.13.2')
/** Stands in some seeds as a value; no error may show it. */
export const SECRET = 'hunter2secret'

export interface Target {
  readonly name: string
  readonly seeds: readonly Buffer[]
  /** @throws CodedError if it refuses the input. @throws Error if something does not hold of what it accepts */
  accept(input: Buffer): void | Promise<void>
}

export class Violation extends Error {
  override readonly name = 'Violation'
}

function hold(condition: boolean, what: string): void {
  if (!condition) throw new Violation(what)
}

// Formats --------------------------------------------------------------------------------------------------------------

const known: Providers = new Map([['age', fakeProvider('age')]])
const recipient = known.get('age')?.fromText('a', { now: new Date(0) })

function formatTarget(format: Format, extension: string, own: readonly string[]): Target {
  const seeds = globSync(join(FIXTURES, 'fixtures', '*', '*', `{plain,encrypted}.${extension}`)).toSorted().map((path) => readFileSync(path)).filter(({ length }) => length < 20_000)
  return {
    name: format.name,
    seeds: [...seeds, ...own.map((text) => Buffer.from(text))],
    async accept(input) {
      const document = format.parse(input)
      hold(isUntouched(format, input, document), 'no edit changes bytes')
      emitsItself(format, document.tree)
      if (document.metadata === undefined) await comesBack(format, document)
    },
  }
}

/** What follows an encrypted JSON object goes: nothing vouches for it. */
function isUntouched(format: Format, input: Buffer, document: Document): boolean {
  const output = Buffer.from(document.apply([]))
  if (output.equals(input)) return true
  if (format === yaml && [0xfffe, 0xfeff].includes(input.readUInt16BE(0))) return true // UTF-16 is written as UTF-8
  return (format === json || format === binary) && document.metadata !== undefined && input.subarray(0, output.length).toString().startsWith(output.toString().trimEnd())
}

function emitsItself(format: Format, tree: Tree): void {
  const text = unless(['EMIT_FAILED'], () => format.emit(tree))
  if (text === undefined) return
  const again = format.parsePlain?.(text) ?? format.parse(text)
  hold(valuesOf(again.tree) === valuesOf(emitted(format, tree)), 'fresh text reads back as the same values')
  if (format === yaml) hold(commentsOf(again.tree) === commentsOf(tree), 'fresh text has the same comments')
}

/** A binary file holds nothing else. */
function emitted(format: Format, tree: Tree): Tree {
  return format === binary ? tree.map((map) => ({ ...map, items: [map.items.find((item) => item.kind === 'entry' && item.key === 'data')].filter((item) => item !== undefined) })) : tree
}

async function comesBack(format: Format, document: Document): Promise<void> {
  if (recipient === undefined) throw new TypeError('no provider')
  const isReservedKey = (key: string): boolean => format.isReservedKey(key)
  const change = await unlessAsync(['ALREADY_ENCRYPTED', 'VALUE_UNSUPPORTED', 'PARSE_LIMIT'], encryptDocument(document, { groups: [[recipient]], version: '3.13.2', providers: known, isReservedKey }))
  const text = change && unless(['EMIT_FAILED'], () => document.apply(change.edits, change.metadata))
  if (text === undefined) return
  const encrypted = format.parse(text)
  const { edits } = await openDocument(encrypted, { providers: known })
  const plain = encrypted.apply(edits, null)
  hold(valuesOf(format.parse(plain).tree) === valuesOf(document.tree), 'what was encrypted decrypts to the same values')
}

/** Keys, types and values. Comments may move where text around them is written anew; floats without a fraction read back as integers. */
function valuesOf(tree: Tree): string {
  const out: string[] = []
  const open: (Entry | Node | string)[] = tree.toReversed()
  for (let item = open.pop(); item !== undefined; item = open.pop()) {
    if (typeof item === 'string') out.push(item)
    else if (item.kind === 'leaf') out.push(valueName(item.value))
    else if (item.kind === 'entry') open.push(item.value, JSON.stringify(item.key))
    else if (item.kind !== 'comment') open.push('end', ...(item.items as readonly (Entry | Node)[]).toReversed(), item.kind)
  }
  return out.join('\n')
}

/** In any order. */
function commentsOf(tree: Tree): string {
  const texts: string[] = []
  const open: (Entry | Node)[] = [...tree]
  for (let item = open.pop(); item !== undefined; item = open.pop()) {
    if (item.kind === 'comment') texts.push(item.text)
    else if (item.kind === 'entry') open.push(item.value)
    else if (item.kind !== 'leaf') open.push(...item.items)
  }
  return texts.toSorted().join('\n')
}

function valueName(value: Value): string {
  if (typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value))) return `number ${Object.is(value, -0) ? '0' : valueText(value).toString()}`
  if (value instanceof Timestamp) return `time ${value.text}`
  return value instanceof Uint8Array ? `bytes ${Buffer.from(value).toString('hex')}` : `${typeof value} ${JSON.stringify(value)}`
}

function unless<T>(codes: readonly string[], work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    if (error instanceof CodedError && codes.includes(error.code)) return undefined
    throw asViolation(error)
  }
}

async function unlessAsync<T>(codes: readonly string[], work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (error instanceof CodedError && codes.includes(error.code)) return undefined
    throw asViolation(error)
  }
}

/** Of what was accepted, nothing further may be refused. */
function asViolation(error: unknown): unknown {
  return error instanceof CodedError ? new Violation(`refused later: ${error.code} ${error.message}`, { cause: error }) : error
}

// Tokens, metadata, rules, paths ---------------------------------------------------------------------------------------

const dataKey = createSecretKey(Buffer.alloc(32, 7))
const cipher = createValueCipher(dataKey, { random: (bytes) => Buffer.alloc(bytes, 9) })
const tokens = [SECRET, 'x', 42n, 1.5, true, new Timestamp('2024-01-01T00:00:00Z'), Buffer.from([0xff])].map((value) => cipher.encrypt(value, 'a:'))
const bodyOf = (token: string): string => /^(.*),type:/.exec(token)?.[1] ?? ''
const bodies = tokens.map(bodyOf)

const token: Target = {
  name: 'token',
  seeds: tokens.map((text) => Buffer.from(text)),
  accept(input) {
    const text = input.toString()
    if (text === '') return
    const value = cipher.decrypt(text, 'a:')
    hold(bodies.some((body) => text.startsWith(body)), 'nothing but an encrypted value decrypts')
    hold(text.startsWith(bodyOf(cipher.encrypt(value, 'a:'))), 'a value encrypts to its own token')
  },
}

const encryptedFiles = globSync(join(FIXTURES, 'fixtures', 'matrix', '*', 'encrypted.yaml')).toSorted().map((path) => readFileSync(path))
const ageOnly: Providers = new Map([['age', createAgeProvider([])]])

const metadata: Target = {
  name: 'metadata',
  seeds: encryptedFiles.map((file) => Buffer.from(file.toString().slice(file.toString().lastIndexOf('\nsops:') + 1))),
  accept(input) {
    const found = parseMetadata(yaml.parse(input).metadata, ageOnly)
    const written = serializeMetadata(found, ageOnly)
    const again = serializeMetadata(parseMetadata(written, ageOnly), ageOnly)
    hold(stable(again) === stable(written), 'metadata reads back as it was written')
  },
}

function stable(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? `int ${inner}` : inner))
}

const RULES = [
  `creation_rules:\n  - path_regex: ^secrets/.*\\.ya?ml$\n    age: age199na7we5t9rywgutuvjy50aahmfsgae6fmpsccs009m3s70lx3uq430348\n    encrypted_regex: ^(data|stringData)$\n  - key_groups:\n      - age: [age199na7we5t9rywgutuvjy50aahmfsgae6fmpsccs009m3s70lx3uq430348]\n        merge:\n          - age:\n              - age199na7we5t9rywgutuvjy50aahmfsgae6fmpsccs009m3s70lx3uq430348\n    shamir_threshold: 2\n    mac_only_encrypted: true\n`,
  `stores: {yaml: {indent: 2}, json: {indent: -1}}\ndestination_rules:\n  - s3_bucket: b\n    path_regex: x\n    recreation_rule: {age: ''}\ncreation_rules:\n  - age: ['']\n    unencrypted_comment_regex: 'sops:clear'\n`,
]
const rules: Target = {
  name: 'rules',
  seeds: RULES.map((text) => Buffer.from(text)),
  async accept(input) {
    const [map] = yaml.parse(input).tree
    if (map === undefined) return
    const rule = await findCreationRule(parseRules(plainOf(map)), '/folder', '/folder/secrets/a.yaml')
    if (rule !== null) await groupsOfRule(rule, ageOnly, { now: new Date(0) }, new AbortController().signal)
  },
}

const path: Target = {
  name: 'path',
  seeds: ['["a"]["b"][0]', "['x y'][12]", '[-1]', '["a:b"]'].map((text) => Buffer.from(text)),
  accept: (input) => void parseTreePath(input.toString()),
}

const TEXTS = ['', 'a', 'secrets/a.yaml', 'a'.repeat(2000), `${'ab'.repeat(500)}!`]
const regex: Target = {
  name: 'regex',
  seeds: ['^(data|stringData)$', 'secrets/.*\\.yaml$', '(?i)pass', '[a-c]+x', '(a*)*b', '\\p{L}{2,5}', '.*.*.*=.*', 'a|b|c', '^.*$'].map((text) => Buffer.from(text)),
  async accept(input) {
    const matches = await compileRegex(input.toString().slice(0, 200), 'path_regex')
    for (const text of TEXTS) matches(text)
  },
}

// age ------------------------------------------------------------------------------------------------------------------

const armored = encryptedFiles.flatMap((file) => {
  const { metadata: block } = yaml.parse(file)
  const entries = (block as { readonly age?: readonly { readonly enc: string }[] }).age ?? []
  return entries.map(({ enc }) => enc)
})
const keyFile = (name: string): Buffer => readFileSync(join(FIXTURES, 'keys', name))

const armorTarget: Target = {
  name: 'armor',
  seeds: armored.map((text) => Buffer.from(text)),
  accept(input) {
    const text = input.toString()
    hold(armor(dearmor(text)).trimEnd() === text.trim().replaceAll('\r\n', '\n'), 'armor is canonical')
  },
}

const ageProvider = createAgeProvider(['age-a.txt', 'age-b.txt', 'ssh_ed25519', 'ssh_rsa'].map((name) => ({ location: name, form: name.startsWith('ssh') ? 'ssh' : 'file', load: async () => keyFile(name) })))
const age: Target = {
  name: 'age',
  seeds: armored.map((text) => dearmor(text)),
  async accept(input) {
    parseAgeFile(input)
    const part = await ageProvider.unwrap(ageProvider.parse({ recipient: 'age1', enc: armor(input) }), { signal: new AbortController().signal })
    hold(part === null || age.seeds.some((seed) => seed.equals(input)), 'nothing but a wrapped key unwraps')
  },
}

const identities: Target = {
  name: 'identities',
  seeds: ['age-a.txt', 'age-all.txt', 'age-pq.txt'].map(keyFile),
  accept: (input) => void parseIdentities(input),
}
const sshKey: Target = {
  name: 'ssh-key',
  seeds: ['ssh_ed25519', 'ssh_rsa'].map(keyFile),
  accept: (input) => void parseSshPrivateKey(input.toString()),
}

// SealedSecrets --------------------------------------------------------------------------------------------------------

const SEALING_KEYS = join(import.meta.dirname, '..', '..', 'fixtures', 'sealed-secrets-0.38.4-de72a97b', 'keys')
const { key: privateSealingKey, certificate } = readKeySecret(JSON.parse(readFileSync(join(SEALING_KEYS, 'k1.secret.json'), 'utf8')))
const openSealed = openWith([privateSealingKey])
const keyring = new Keyring()
keyring.put({ secretName: 'k1', key: privateSealingKey, certificate, orderMs: 0, createdMs: 0 })
const limiter = new GcraLimiter(1_000_000, 1_000_000, () => performance.now())
const handle = createHandler({ keyring, limiter, gate: async () => undefined, isReady: () => true, onRequest: () => {} })
/** `password` is `SECRET` in all of them, sealed for k1 once, so that inputs stay the same. */
const sealedSecrets = JSON.parse(readFileSync(join(import.meta.dirname, 'sealed-secrets.json'), 'utf8')) as [Sealed]
const SEALED_VALUES = new Set([SECRET, 'bob'])

/** What the controller does with an object, and with the body of a request. */
const sealedSecret: Target = {
  name: 'sealed-secret',
  seeds: sealedSecrets.map((sealed) => Buffer.from(JSON.stringify(sealed, null, 1))),
  async accept(input) {
    await answersNothing(input)
    const sealed = readSealedSecret(await parseManifest(input, 'first'))
    const { secret, itemNames } = unsealSecret(sealed, openSealed, { render: renderTemplates, acceptWholeSecret: true })
    const values = itemNames.map((name) => Buffer.from(secret.data?.[name] ?? '', 'base64').toString())
    hold(values.every((value) => SEALED_VALUES.has(value)), 'nothing but a sealed value opens')
    const again = reencrypt(sealed, openSealed, certificate.publicKey)
    hold(!JSON.stringify(again).includes(SECRET), 'a manifest that is sealed anew shows no value')
  },
}

/** Strangers can send requests: the answer is a status, or what is sealed again. */
async function answersNothing(body: Buffer): Promise<void> {
  for (const url of ['/v1/verify', '/v1/rotate']) {
    const request = Object.assign(Readable.from([body]), { url, method: 'POST', headers: {} }) as unknown as IncomingMessage
    const answer = await handle(request)
    hold([200, 409, 413, 500].includes(answer.code), 'a request is answered by one of the known statuses')
    hold(url === '/v1/rotate' && answer.code === 200 ? !answer.body?.includes(SECRET) : answer.body === undefined, 'an answer shows no value')
  }
}

/** Bytes that a value has wherever it is shown, as it is and as a Secret holds it. */
const CANARIES = [SECRET, Buffer.from(SECRET).toString('base64').replace(/=+$/, '')]
const keySecret = JSON.parse(readFileSync(join(SEALING_KEYS, 'k1.secret.json'), 'utf8')) as { readonly metadata: object }
/** Started when it is first fed: the other parsers have no use for it. */
let inMemory: ControllerInMemory | undefined
/** What can stand where a SealedSecret puts its Secret. */
const EXISTING: readonly (object | undefined)[] = [
  undefined, undefined, undefined, { metadata: {}, data: { password: 'b2xk' } }, { metadata: { annotations: { 'sealedsecrets.bitnami.com/managed': 'true' } }, data: null },
  { metadata: { annotations: { 'sealedsecrets.bitnami.com/patch': 'true' } }, type: 'Opaque', data: { old: 'b2xk' } }, { metadata: { annotations: null, labels: null, ownerReferences: null }, immutable: true },
  { metadata: { ownerReferences: [{ apiVersion: 'bitnami.com/v1alpha1', kind: 'SealedSecret', name: 'db', uid: 'gone', controller: true }] } },
]

/** What the whole controller does about an object, and what it tells of it. */
const controller: Target = {
  name: 'controller',
  seeds: [...sealedSecrets.map((sealed) => Buffer.from(JSON.stringify(sealed, null, 1))), ...hostileManifests(sealedSecrets[0]).map((text) => Buffer.from(text))],
  async accept(input) {
    await answersNothing(input)
    const manifest = await parseManifest(input, 'first')
    if (!isRecord(manifest)) throw new CodedError('PARSE_FAILED', 'not a map')
    inMemory ??= new ControllerInMemory([{ ...keySecret, metadata: { ...keySecret.metadata, uid: 'k', resourceVersion: '1' } }])
    const { texts, strayWrites } = await inMemory.take(manifest, EXISTING[createHash('sha256').update(input).digest()[0]! % EXISTING.length])
    hold(strayWrites.length === 0, `a SealedSecret makes its own Secret and no other write: ${strayWrites.join(', ')}`)
    for (const text of texts) hold(!CANARIES.some((canary) => text.includes(canary)), `logs, events and status show no value: ${text}`)
    hold(!texts.some((text) => text.includes('error="unexpected ')), `nothing is thrown that was not foreseen: ${texts.join(' ')}`)
  },
}

const template: Target = {
  name: 'template',
  seeds: [
    '{{ .password | b64enc | quote }}', '{{ range $k, $v := . }}{{ $k }}={{ $v }}{{ end }}', '{{ if hasPrefix "hunter" .password }}{{ fail "no" }}{{ end }}',
    '{{ with index . "user" }}{{ printf "%-10s|%q" . "x" }}{{ else }}{{ len .password }}{{ end }}', '{{ define "t" }}{{ . }}{{ end }}{{ template "t" .user }}',
    '{{ $list := splitList "," "a,b" }}{{ $list | join "-" | upper | repeat 3 }}', '{{ dict "a" 1 | toJson }} {{ .password | sha256sum | trunc 8 }}', '{{- /* c */ -}} {{ add 1 (mul 2 3) | int64 }}',
  ].map((text) => Buffer.from(text)),
  accept(input) {
    const [{ spec, ...head }] = sealedSecrets
    const sealed = readSealedSecret({ ...head, spec: { ...spec, template: { ...spec.template, data: { rendered: input.toString() } } } })
    unsealSecret(sealed, openSealed, { render: renderTemplates })
  },
}

export const TARGETS: readonly Target[] = [
  formatTarget(yaml, 'yaml', [`a: ${SECRET}\nb: '${SECRET}'\nc: "${SECRET}"\nd: |\n  ${SECRET}\ne: [${SECRET}, {k: ${SECRET}}]\n# c\nf: &x ${SECRET} # i\ng: *x\n`]),
  formatTarget(json, 'json', [`{"a": "${SECRET}", "b": ["${SECRET}", {"c": 1.50}]}`]),
  formatTarget(dotenv, 'env', [`A=${SECRET}\n# c\nB="${SECRET}"\n`]),
  formatTarget(ini, 'ini', [`; c\na = ${SECRET}\n[s]\nb = "${SECRET}" ; i\nc = """${SECRET}\nx"""\n`]),
  formatTarget(binary, 'bin', [`{"data": "${SECRET}"}`]),
  token, metadata, rules, path, regex, armorTarget, age, identities, sshKey, sealedSecret, controller, template,
]

/** Every format of the registry is fuzzed. */
export const MISSING: readonly string[] = formats.map(({ name }) => name).filter((name) => !TARGETS.some((target) => target.name === name))
