/**
 * `demo`: the main job on real files in a temporary folder, each step with the command a person would type.
 * Ends with status 0 only if every step held.
 * @module
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parse } from 'yaml'
import { CodedError } from '@waxseal/core'
import { startCluster, until } from '../demo/cluster.ts'
import { CONFIG_JSON, RULES_YAML, SECRET_YAML, VALUES_YAML } from '../demo/samples.ts'
import { lineDifference, Story } from '../demo/story.ts'
import { kindOfFile } from '../files.ts'
import type { NativeAction } from '../native-command.ts'

const SYNC_TIMEOUT_MS = 20_000

export const demo: NativeAction = async (_args, options, context) => {
  const folder = mkdtempSync(join(tmpdir(), 'waxseal-demo-'))
  const story = new Story(folder, process.argv[1] ?? '', context)
  try {
    story.say(`Waxseal demo, in ${folder}`)
    await keysAndRules(story)
    await encryptFiles(story)
    await changeOneValue(story)
    await decryptAgain(story)
    await sealAndOpen(story)
    await refuseTampering(story)
    story.say('\nEvery step held.')
    return 0
  } finally {
    if (options.bool('keep')) story.say(`kept ${folder}`)
    else rmSync(folder, { recursive: true, force: true })
  }
}

const at = (story: Story, name: string): string => join(story.folder, name)
const read = (story: Story, name: string): string => readFileSync(at(story, name), 'utf8')

async function keysAndRules(story: Story): Promise<void> {
  story.step('Keys and rules')
  await story.must('waxseal init', ['init'])
  const { stdout } = await story.must('waxseal keygen -y .config/sops/age/keys.txt', ['keygen', '-y', '.config/sops/age/keys.txt'])
  const recipient = stdout.trim()
  story.check(recipient.startsWith('age1'), 'there is a recipient')
  story.show([recipient])
  writeFileSync(at(story, '.sops.yaml'), RULES_YAML(recipient))
  story.say('   .sops.yaml now says which values of which files are encrypted for whom:')
  story.show(RULES_YAML('age1...').trimEnd().split('\n'))
}

async function encryptFiles(story: Story): Promise<void> {
  story.step('Encrypt a commented Helm values file and a JSON file')
  for (const [name, text] of [['values.yaml', VALUES_YAML], ['config.json', CONFIG_JSON]] as const) {
    writeFileSync(at(story, name), text)
    await story.must(`waxseal encrypt -i ${name}`, ['encrypt', '-i', name])
    const { removed, added } = lineDifference(text, read(story, name))
    const tokens = added.filter((line) => line.includes('ENC[AES256_GCM'))
    for (const secret of ['correct horse', 'pk_live', 'whsec', 'sm7p']) story.check(!read(story, name).includes(secret), `${name} holds no secret in clear`)
    story.check(removed.length > 0 && tokens.length >= removed.length - 2, `only values of ${name} changed`)
    const kept = text.split('\n').length - removed.length
    story.held(`${kept} lines as they were, ${removed.length} with a value encrypted in its own place, and the sops block behind them`)
    story.show(tokens.slice(0, 3))
  }
}

async function changeOneValue(story: Story): Promise<void> {
  story.step('Change one value: a diff of that value')
  const before = read(story, 'values.yaml')
  await story.must('pwgen 20 1 | waxseal set values.yaml database.password --stdin', ['set', 'values.yaml', 'database.password', '--stdin'], 'new password of the shop\n')
  const { removed, added } = lineDifference(before, read(story, 'values.yaml'))
  story.show(added.map((line) => `+ ${line}`))
  const keys = added.map((line) => line.trim().split(':')[0])
  // Within one second lastmodified stays what it is.
  const only = keys.every((key) => ['password', 'lastmodified', 'mac'].includes(key ?? '')) && keys.includes('password') && keys.includes('mac')
  story.check(only && removed.length === added.length, 'only the value, lastmodified and mac changed')
  story.held(`${added.length} lines changed: the value, its time and the MAC`)
  const { stdout } = await story.must('waxseal get values.yaml database.password', ['get', 'values.yaml', 'database.password'])
  story.check(stdout === 'new password of the shop', 'the new value is read back')
  await story.must('waxseal set values.yaml database.password   # typed without echo: the old one', ['set', 'values.yaml', 'database.password', '--stdin'], 'correct horse battery staple')
}

async function decryptAgain(story: Story): Promise<void> {
  story.step('Decrypt, and compare with the originals byte for byte')
  for (const [name, text] of [['values.yaml', VALUES_YAML], ['config.json', CONFIG_JSON]] as const) {
    const { stdout } = await story.must(`waxseal decrypt ${name} | cmp - ${name}.orig`, ['decrypt', name])
    story.check(stdout === text, `${name} comes back to the byte`)
    story.held(`${name} is what it was, ${Buffer.byteLength(text)} bytes`)
  }
}

/** Beside the built program, or at its place in the source tree. */
function partOf(built: string, source: string): string {
  const own = dirname(process.argv[1] ?? '')
  const found = [join(own, built), join(own, '..', '..', source)].find((path) => kindOfFile(path) === 'file')
  if (found === undefined) throw new CodedError('FILE_NOT_FOUND', `${built} does not stand beside waxseal`, { hint: 'pnpm build makes both' })
  return found
}

async function sealAndOpen(story: Story): Promise<void> {
  story.step('Seal a Secret; a controller opens it in a cluster')
  const cluster = await startCluster(
    {
      controller: partOf('waxseal-controller', 'controller/src/main.ts'),
      crd: parse(readFileSync(partOf('sealedsecrets.yaml', 'controller/deploy/crd/sealedsecrets.yaml'), 'utf8')) as object,
    },
    story.folder,
  )
  let stopped = false
  try {
    story.say('   (an embedded API server and waxseal-controller are running)')
    writeFileSync(at(story, 'secret.yaml'), SECRET_YAML)
    await story.must('waxseal cert --url http://controller:8080/v1/cert.pem -o cert.pem', ['cert', '--url', `${cluster.controllerUrl}/v1/cert.pem`, '-o', 'cert.pem'])
    await story.must('waxseal seal --cert cert.pem secret.yaml -o sealed.yaml', ['seal', '--cert', 'cert.pem', 'secret.yaml', '-o', 'sealed.yaml'])
    const sealed = read(story, 'sealed.yaml')
    story.check(!sealed.includes('correct horse'), 'the sealed manifest holds no secret')
    story.show(sealed.split('\n').filter((line) => /kind: SealedSecret|password:/.test(line)))
    story.say('   $ kubectl apply -f sealed.yaml')
    cluster.api.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } })
    cluster.api.put(parse(sealed) as object)
    await until('the Secret appears', SYNC_TIMEOUT_MS, () => cluster.api.get('secrets', 'shop', 'shop-db') !== undefined)
    const secret = cluster.api.get('secrets', 'shop', 'shop-db') as unknown as { data: Record<string, string>; metadata: { ownerReferences?: { kind: string }[] } }
    story.check(Buffer.from(secret.data['password'] ?? '', 'base64').toString() === 'correct horse battery staple', 'the Secret holds the value')
    story.check(secret.metadata.ownerReferences?.[0]?.kind === 'SealedSecret', 'the Secret is owned by the SealedSecret')
    story.held('the native Secret shop/shop-db appeared, with its values and its owner')
    await until('the status says so', SYNC_TIMEOUT_MS, () => {
      const { status } = (cluster.api.get('sealedsecrets.bitnami.com', 'shop', 'shop-db') ?? {}) as { status?: { conditions?: { type: string; status: string }[] } }
      return status?.conditions?.some((c) => c.type === 'Synced' && c.status === 'True') === true
    })
    story.held('status: Synced True')
    stopped = true
    story.check((await cluster.stop()) === 0, 'the controller stops cleanly on SIGTERM')
  } finally {
    if (!stopped) await cluster.stop()
  }
}

async function refuseTampering(story: Story): Promise<void> {
  story.step('Tamper with a file: it is refused')
  const good = read(story, 'values.yaml')
  const start = good.indexOf('data:', good.indexOf('password:')) + 'data:'.length
  const other = good[start] === 'A' ? 'B' : 'A'
  writeFileSync(at(story, 'values.yaml'), good.slice(0, start) + other + good.slice(start + 1))
  const value = await story.run('waxseal decrypt values.yaml   # one character of a value changed', ['decrypt', 'values.yaml'])
  story.show(value.stderr.trim().split('\n'))
  story.check(value.status === 25 && value.stdout === '', 'a changed value is refused and nothing is printed', value.stderr)
  writeFileSync(at(story, 'values.yaml'), good.replace('replicas: 3', 'replicas: 300'))
  const clear = await story.run('waxseal decrypt values.yaml   # a clear value changed', ['decrypt', 'values.yaml'])
  story.show(clear.stderr.trim().split('\n'))
  story.check(clear.status === 51 && clear.stdout === '', 'a changed clear value is refused, too', clear.stderr)
  writeFileSync(at(story, 'values.yaml'), good)
  story.held('both refused, nothing printed')
}
