/**
 * What AWS's SDK does: credentials, roles, requests to KMS. Loaded when first used.
 * Credentials are looked for in the reference's order: those that the program hands over from the environment, a web identity, then
 * what the SDK finds itself (shared configuration with SSO and processes, container, instance). For that and for FIPS the SDK reads
 * AWS's own variables and files.
 * @module
 */
import type { Agent as HttpAgent } from 'node:http'
import type { Agent as HttpsAgent } from 'node:https'
import type * as kms from '@aws-sdk/client-kms'
import { CodedError } from '@waxseal/core'

export interface AwsSources {
  /** Static ones, as the environment holds them. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string } | undefined
  readonly webIdentity?: WebIdentity | undefined
  /** URL that the user set for a service, in place of the one that follows from the region. @param profile - empty: none @throws CodedError */
  readonly endpoint?: (service: 'KMS' | 'STS', profile: string) => string | undefined
  /** Roles that the environment and the shared configuration name: keys of files may have them assumed. @throws CodedError */
  readonly roles?: () => readonly string[]
  /** Of roles that keys name: tells in AWS's logs who it was. */
  readonly sessionName: string
  /** Proxies and trusted authorities. @throws CodedError */
  readonly agents: () => Promise<{ readonly http: HttpAgent; readonly https: HttpsAgent }>
}

export interface WebIdentity {
  readonly webIdentityTokenFile: string
  readonly roleArn: string
  readonly roleSessionName?: string
}

export interface KmsConnection {
  readonly region: string
  /** Empty: none. */
  readonly profile: string
  /** Empty: none. */
  readonly role: string
}

interface KeyRequest {
  readonly arn: string
  readonly context: ReadonlyMap<string, string>
}

/** Throws the SDK's own errors, `failures.ts` knows what they mean; CodedError KEY_SERVICE_FAILED for an answer that is none. */
export interface KmsClient {
  /** Finds credentials, and assumes the role if there is one. Later calls use what is still valid. */
  signIn(): Promise<unknown>
  /** Where the credentials come from, for people; undefined: there are none. */
  credentialSource(): Promise<string | undefined>
  encrypt(request: KeyRequest & { readonly plaintext: Uint8Array }, signal: AbortSignal): Promise<Uint8Array>
  decrypt(request: KeyRequest & { readonly ciphertext: Uint8Array }, signal: AbortSignal): Promise<Uint8Array>
}

const SOURCES: readonly (readonly [string, string])[] = [
  ['SSO', 'SSO'],
  ['LOGIN', 'aws login'],
  ['PROCESS', 'credential process'],
  ['WEB_ID', 'web identity'],
  ['HTTP', 'container'],
  ['PROFILE', 'shared files'],
]

type Credentials = NonNullable<kms.KMSClientConfig['credentials']>

export function connectKms(connection: KmsConnection, sources: AwsSources): KmsClient {
  let loaded: Promise<Sdk> | undefined
  const load = (): Promise<Sdk> => (loaded ??= loadSdk(connection, sources))
  return {
    async signIn() {
      return (await load()).client.config.credentials()
    },
    async credentialSource() {
      if (connection.profile === '' && sources.credentials) return 'AWS_ACCESS_KEY_ID'
      if (connection.profile === '' && sources.webIdentity) return 'AWS_WEB_IDENTITY_TOKEN_FILE'
      const base = connection.profile === '' ? 'AWS configuration' : `AWS profile ${connection.profile}`
      if (connection.role !== '') return base
      const credentials = await load().then(({ client }) => client.config.credentials()).catch(() => undefined) // the use of the key tells why there are none
      const found = credentials as { readonly $source?: object } | undefined
      return found && `${base} (${describeSource(found.$source ?? {})})`
    },
    async encrypt({ arn, context, plaintext }, abortSignal) {
      const { client, EncryptCommand } = await load()
      const command = new EncryptCommand({ KeyId: arn, Plaintext: plaintext, EncryptionContext: Object.fromEntries(context) })
      const { CiphertextBlob } = await client.send(command, { abortSignal })
      if (!CiphertextBlob?.length) throw new CodedError('KEY_SERVICE_FAILED', 'the answer holds no wrapped key', { hint: 'check the endpoint' })
      return CiphertextBlob
    },
    async decrypt({ arn, context, ciphertext }, abortSignal) {
      const { client, DecryptCommand, IncorrectKeyException } = await load()
      const command = new DecryptCommand({ KeyId: arn, CiphertextBlob: ciphertext, EncryptionContext: Object.fromEntries(context) })
      const { Plaintext = new Uint8Array(), KeyId = arn, $metadata } = await client.send(command, { abortSignal })
      const answered = idOf(KeyId)
      if (!arn.includes(':key/') || answered === idOf(arn)) return Plaintext
      Plaintext.fill(0)
      throw new IncorrectKeyException({ message: answered, $metadata })
    },
  }
}

/** @param features - what the SDK notes of the way it took, by name */
function describeSource(features: object): string {
  const names = Object.keys(features).join(' ')
  const [, words] = SOURCES.find(([feature]) => names.includes(feature)) ?? []
  return words ?? 'instance'
}

/** An alias may stand for any key; a key's ARN names the one that must answer. */
function idOf(arn: string): string {
  return arn.slice(arn.lastIndexOf('/') + 1)
}

interface Sdk extends Pick<typeof kms, 'DecryptCommand' | 'EncryptCommand' | 'IncorrectKeyException'> {
  readonly client: kms.KMSClient
}

/** What the clients of all services have in common. */
interface ClientConfig {
  readonly region: string
  readonly maxAttempts: number
  readonly requestHandler: { readonly httpAgent: HttpAgent; readonly httpsAgent: HttpsAgent }
  readonly profile?: string
  readonly endpoint?: string
}

async function loadSdk({ region, profile, role }: KmsConnection, sources: AwsSources): Promise<Sdk> {
  const { DecryptCommand, EncryptCommand, IncorrectKeyException, KMSClient } = await import('@aws-sdk/client-kms')
  const { http: httpAgent, https: httpsAgent } = await sources.agents()
  const [kmsEndpoint, stsEndpoint] = [sources.endpoint?.('KMS', profile), sources.endpoint?.('STS', profile)]
  // One attempt: the frame around each call decides about more.
  const config = (endpoint: string | undefined): ClientConfig => ({
    region,
    maxAttempts: 1,
    requestHandler: { httpAgent, httpsAgent },
    ...(profile !== '' && { profile }),
    ...(endpoint !== undefined && { endpoint }),
  })
  const forAll = kmsEndpoint === stsEndpoint ? stsEndpoint : undefined // the chain asks other services, too
  const base = profile === '' && sources.credentials ? sources.credentials : await providerChain(profile, sources, config(forAll))
  const credentials = role === '' ? base : await assumedRole(role, base, sources, config(stsEndpoint))
  return { DecryptCommand, EncryptCommand, IncorrectKeyException, client: new KMSClient({ ...config(kmsEndpoint), credentials }) }
}

async function providerChain(profile: string, { webIdentity }: AwsSources, clientConfig: ClientConfig): Promise<Credentials> {
  const { fromNodeProviderChain, fromTokenFile } = await import('@aws-sdk/credential-providers')
  if (profile !== '') return fromNodeProviderChain({ profile, clientConfig })
  return webIdentity ? fromTokenFile({ ...webIdentity, clientConfig }) : fromNodeProviderChain({ clientConfig })
}

async function assumedRole(role: string, masterCredentials: Credentials, { sessionName }: AwsSources, clientConfig: ClientConfig): Promise<Credentials> {
  const { fromTemporaryCredentials } = await import('@aws-sdk/credential-providers')
  return fromTemporaryCredentials({ masterCredentials, params: { RoleArn: role, RoleSessionName: sessionName }, clientConfig })
}
