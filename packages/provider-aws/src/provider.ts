/**
 * AWS KMS keys as master keys. The host follows from the region in the key's ARN, which must have the form of AWS's: a file names
 * hosts of AWS only. What else shall be asked is set in the environment or in AWS's own configuration. A profile is part of that
 * configuration, so a file may name any; a role is not, so what a file names has to be allowed.
 * Follows: getsops/sops kms/keysource.go (Encrypt, Decrypt, createKMSConfig).
 * @module
 */
import { CodedError, createServiceCaller, decodeBase64, inStep, Session, type CallLimits, type HostPolicy, type KeyProvider } from '@waxseal/core'
import { connectKms, type AwsSources, type KmsClient, type KmsConnection } from './client.ts'
import { judge } from './failures.ts'
import { displayName, fieldsOf, isFromFile, newRef, refFrom, refFromGroup, type AwsRef } from './ref.ts'

export interface AwsOptions {
  readonly policy: HostPolicy
  readonly sources: AwsSources
  readonly limits?: Partial<CallLimits>
  /** In place of the SDK, for tests. */
  readonly connect?: (connection: KmsConnection, sources: AwsSources) => KmsClient
}

const ARN = /^arn:aws[\w-]*:kms:([^:]+):\d+:(?:key|alias)\/.+$/
/** eu-west-1, us-gov-east-1, us-isob-east-1, eusc-de-east-1. */
const AWS_REGION = /^[a-z]{2,5}(?:-[a-z]{2,12}){1,3}-\d{1,2}$/
/** A file can name any number of regions and profiles, and each takes a third of a megabyte. */
const MAX_SESSIONS = 64
/** A label of a host name: for servers that the user set, which may have regions of their own. */
const ANY_REGION = /^[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?$/
/** Follows: docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html (characters, lengths of path and name). */
const ROLE = /^arn:aws(?:-[a-z]{1,16}){0,3}:iam::\d{12}:role\/[\w+=,.@/-]{1,576}$/

export function createAwsProvider({ policy, sources, limits = {}, connect = connectKms }: AwsOptions): KeyProvider<AwsRef> {
  const caller = createServiceCaller({ service: 'AWS KMS', judge, limits })
  const sessions = new Map<string, Session<KmsClient>>()

  /** One for each combination of region, profile and role: a role is assumed once. Beyond a limit the oldest is forgotten. */
  function sessionFor(ref: AwsRef): Session<KmsClient> {
    const connection: KmsConnection = { region: regionOf(ref, sources), profile: ref.profile, role: ref.role }
    const name = JSON.stringify(connection)
    const known = sessions.get(name)
    if (known !== undefined) return known
    const session = new Session(async () => connect(connection, sources))
    const [oldest] = sessions.keys()
    if (oldest !== undefined && sessions.size >= MAX_SESSIONS) sessions.delete(oldest)
    sessions.set(name, session)
    return session
  }

  async function use<T>(ref: AwsRef, signal: AbortSignal, step: string, work: (client: KmsClient, signal: AbortSignal) => Promise<T>): Promise<T> {
    if (ref.role !== '' && isFromFile(ref)) policy.checkRole({ what: 'AWS role', role: ref.role, form: ROLE, configured: () => sources.roles?.() ?? [], setting: 'AWS_ROLE_ARN or a profile' })
    return sessionFor(ref).use((client) => caller.operation(signal, async (call) => {
      await inStep(ref.role === '' ? step : `failed to assume role '${ref.role}'`, () => call(() => client.signIn()))
      return inStep(step, () => call((callSignal) => work(client, callSignal)))
    }))
  }

  return {
    type: 'kms',
    parse: refFrom,
    serialize: fieldsOf,
    fromText: newRef,
    fromGroup: (element, context) => [refFromGroup(element, context)],
    displayName,
    credentialSource: async (ref, { signal }) => sessionFor(ref).use((client) => caller.operation(signal, (call) => call(() => client.credentialSource()))),
    async wrap(part, ref, { signal }) {
      const request = { arn: ref.arn, context: ref.context, plaintext: part }
      const ciphertext = await use(ref, signal, 'failed to encrypt sops data key with AWS KMS', (client, callSignal) => client.encrypt(request, callSignal))
      return { ...ref, enc: Buffer.from(ciphertext).toString('base64') }
    },
    async unwrap(ref, { signal }) {
      const ciphertext = decodeBase64(ref.enc.replace(/[\r\n]/g, '')) // Go's decoder passes over line ends
      if (ciphertext === null) throw new CodedError('METADATA_INVALID', 'error base64-decoding encrypted data key')
      const request = { arn: ref.arn, context: ref.context, ciphertext }
      return use(ref, signal, 'failed to decrypt sops data key with AWS KMS', (client, callSignal) => client.decrypt(request, callSignal))
    },
  }
}

/** @throws CodedError RECIPIENT_INVALID, HOST_REFUSED */
function regionOf({ arn, profile }: AwsRef, { endpoint }: AwsSources): string {
  const region = ARN.exec(arn)?.[1]
  if (region === undefined) {
    throw new CodedError('RECIPIENT_INVALID', `no valid ARN found in '${arn}'`, { hint: 'arn:aws:kms:REGION:ACCOUNT:key/ID, or alias/NAME in place of key/ID' })
  }
  const form = endpoint?.('KMS', profile) === undefined ? AWS_REGION : ANY_REGION
  if (form.test(region)) return region
  throw new CodedError('HOST_REFUSED', `${JSON.stringify(region)} is not the name of an AWS region`, { hint: 'correct the ARN of the key; AWS_ENDPOINT_URL_KMS sets a server of your own' })
}
