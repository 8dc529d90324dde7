/**
 * `reseal`: the items of SealedSecrets are sealed anew for the newest key, by the controller, or here with private keys. Nothing else of the files changes.
 * @module
 */
import { CodedError } from '@waxseal/core'
import { openWith, parseCertificate, resealItems, type SealedSecretManifest, type SealingCertificate } from '@waxseal/sealed'
import type { Context } from '../context.ts'
import type { NativeAction, OptionValues } from '../native-command.ts'
import { printable } from '../ui/print-error.ts'
import { rotateItems } from '../sealing/ask-controller.ts'
import { readCertificate } from '../sealing/certificate-source.ts'
import { ACCEPT_OBJECT, ControllerService } from '../sealing/controller-service.ts'
import { newestCertificate } from '../sealing/key-files.ts'
import { manifestFiles } from '../sealing/manifest-tree.ts'
import { certificateFrom, certificateSource, givenCertificate, privateKeys, usable } from '../sealing/native-options.ts'
import { onOneLine } from '../sealing/one-line.ts'
import { changeItems, readSealedFile, shownName, type ItemChanges, type SealedFile } from '../sealing/sealed-file.ts'
import { inFile, readText, refuseStdio, saveSecretFile } from '../documents/secret-file.ts'
import { eachOnItsOwn } from '../documents/secret-tree.ts'

interface Resealer {
  readonly certificate: SealingCertificate
  /** Names of the items that are sealed anew, and their new texts. */
  readonly items: (sealed: SealedSecretManifest) => Promise<ReadonlyMap<string, string>>
  /** The names alone, without any work for the controller. */
  readonly plan: (sealed: SealedSecretManifest) => Promise<readonly string[]>
}

export const reseal: NativeAction = async (args, options, context) => {
  for (const file of args) refuseStdio(file)
  const files = manifestFiles(args, 'SealedSecret', context)
  const resealer = options.list('key').length > 0 ? await offline(options, context) : await byController(options, context)
  const isDry = options.bool('dryRun')
  const answers = new Map<string, Awaited<ReturnType<typeof answerOf>>>()
  const status = await eachOnItsOwn(files, context, async (file) => {
    const text = readText(context, file)
    const { result, answer } = await inFile(file, async () => {
      const sealedFile = await readSealedFile(text)
      const changes = isDry ? [] : await changesOf(sealedFile, resealer)
      return { result: changeItems(sealedFile, changes), answer: await answerOf(file, sealedFile, changes, isDry ? resealer : undefined) }
    })
    if (result !== text) saveSecretFile({ name: file, source: Buffer.from(text) }, Buffer.from(result), context)
    answers.set(file, answer)
  })
  print(files.flatMap((file) => answers.get(file) ?? []), resealer.certificate, options, context)
  return status
}

async function changesOf({ secrets }: SealedFile, { certificate, items }: Resealer): Promise<readonly ItemChanges[]> {
  const changes: ItemChanges[] = []
  for (const secret of secrets) changes.push({ secret, items: await items(secret.sealed), sealedFor: certificate.fingerprint })
  return changes
}

/** What is or would be sealed anew in one file. */
async function answerOf(file: string, { secrets }: SealedFile, changes: readonly ItemChanges[], planner: Resealer | undefined) {
  const sealedSecrets = []
  for (const [at, { sealed }] of secrets.entries()) {
    const resealed = planner ? await planner.plan(sealed) : [...(changes[at]?.items.keys() ?? [])]
    sealedSecrets.push({ name: shownName(sealed), resealed, kept: Object.keys(sealed.spec.encryptedData).filter((name) => !resealed.includes(name)) })
  }
  return { file, sealedSecrets }
}

/** Data goes to standard output, what was done to standard error. */
function print(answers: readonly Awaited<ReturnType<typeof answerOf>>[], { fingerprint }: SealingCertificate, options: OptionValues, context: Context): void {
  if (options.bool('json')) {
    context.stdout.write(`${JSON.stringify({ sealedFor: fingerprint, files: answers }, null, 2)}\n`)
    return
  }
  const output = options.bool('dryRun') ? context.stdout : context.stderr
  const lines = answers.flatMap(({ file, sealedSecrets }) => [
    printable(file),
    ...sealedSecrets.map(({ name, resealed, kept }) => `    ${printable(name)}: ${resealed.length === 0 ? `all ${kept.length} items are up to date` : `${resealed.map(printable).join(', ')}${kept.length === 0 ? '' : ` (${kept.length} up to date)`}`}`),
  ])
  if (answers.length > 0) output.write([`sealed for ${fingerprint}:`, ...lines, ''].join('\n'))
}

/** @throws CodedError USAGE - there is no certificate */
async function offline(options: OptionValues, context: Context): Promise<Resealer> {
  const keys = await privateKeys(options, context)
  const given = await givenCertificate(options, context)
  const own = newestCertificate(keys)
  if (given === undefined && own === undefined) throw new CodedError('USAGE', 'there is no certificate to seal with', { hint: 'give --cert, or key Secrets, which have one' })
  const certificate = given === undefined && own !== undefined ? usable(own, context) : await certificateFrom(given, options, context)
  const open = openWith(keys)
  const items = async (sealed: SealedSecretManifest): Promise<ReadonlyMap<string, string>> => onOneLine(() => resealItems(sealed, open, certificate))
  return { certificate, items, plan: async (sealed) => [...(await items(sealed)).keys()] }
}

async function byController(options: OptionValues, context: Context): Promise<Resealer> {
  if (options.text('cert') !== undefined) throw new CodedError('FLAGS_CONFLICT', '--cert needs --key: the controller seals for its own newest key')
  const source = certificateSource(undefined, options, context)
  const certificate = usable(parseCertificate(Buffer.from(await readCertificate(source, context)).toString('latin1')), context)
  const service = await ControllerService.find(source.cluster, source.controller, ACCEPT_OBJECT)
  return { certificate, items: (sealed) => rotateItems(service, sealed, context), plan: async ({ spec }) => Object.keys(spec.encryptedData) }
}
