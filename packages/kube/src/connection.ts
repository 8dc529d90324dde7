/**
 * How a program reaches the API server; here as a pod with its service account, in `kubeconfig.ts` as a person.
 * @module
 */
import { existsSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { RequestOptions } from 'node:http'
import { Agent, type AgentOptions } from 'node:https'
import { isIPv6 } from 'node:net'
import { join } from 'node:path'
import { CodedError } from '@waxseal/core'
import { systemClock, type Clock } from './clock.ts'

/** Where a pod finds its service account. */
export const SERVICE_ACCOUNT_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount'
/** The kubelet renews tokens well before they end; a stale copy of a minute does no harm. */
const TOKEN_KEPT_MS = 60_000
/** Requests that are repeated all day share these; watches hold theirs for minutes. */
export const POOL: AgentOptions = { keepAlive: true, keepAliveMsecs: 30_000, maxFreeSockets: 32 }

export interface Connection {
  readonly server: URL
  /** The pod's own namespace, or the context's; undefined if the kubeconfig names none. */
  readonly namespace: string | undefined
  /** Adds the pool and fresh credentials to a request. @throws CodedError KUBE_CONFIG_INVALID */
  prepare(options: RequestOptions): Promise<void>
}

export type Environment = Readonly<Record<string, string | undefined>>

export interface InClusterOptions {
  readonly env: Environment
  readonly folder?: string
  readonly clock?: Clock
}

/** @throws CodedError KUBE_CONFIG_INVALID - not in a pod, or without a service account */
export function inClusterConnection(options: InClusterOptions): Connection {
  const { env, folder = SERVICE_ACCOUNT_FOLDER, clock = systemClock } = options
  const [host, port] = [env['KUBERNETES_SERVICE_HOST'], env['KUBERNETES_SERVICE_PORT']]
  if (!host || !port) {
    throw new CodedError('KUBE_CONFIG_INVALID', 'unable to load in-cluster configuration: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined', {
      hint: 'run the controller as a pod',
    })
  }
  const server = new URL(`https://${isIPv6(host) ? `[${host}]` : host}:${port}`)
  const ca = readAccountFile(folder, 'ca.crt')
  const agent = new Agent({ ...POOL, ca })
  agent.getName = () => server.host // it has one server; the usual name is made of thirty options, for every request
  let [token, readAt] = [readAccountFile(folder, 'token').trim(), clock.now()]
  return {
    server,
    namespace: existsSync(join(folder, 'namespace')) ? readAccountFile(folder, 'namespace').trim() : undefined,
    async prepare(request) {
      if (clock.now() - readAt > TOKEN_KEPT_MS) {
        // A token that cannot be read now may still be good; the server says so if it is not.
        token = await readFile(join(folder, 'token'), 'utf8').then((text) => text.trim(), () => token)
        readAt = clock.now()
      }
      request.agent = agent
      request.headers = { ...request.headers, authorization: `Bearer ${token}` }
    },
  }
}

function readAccountFile(folder: string, name: string): string {
  try {
    return readFileSync(join(folder, name), 'utf8')
  } catch (cause) {
    throw new CodedError('KUBE_CONFIG_INVALID', `unable to load in-cluster configuration: no service account file ${name}`, {
      hint: 'run the controller as a pod with a service account',
      cause,
    })
  }
}
