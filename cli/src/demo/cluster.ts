/**
 * A cluster for the demo: the embedded API server in this process, the controller as a process of its own.
 * @module
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { CodedError } from '@waxseal/core'
import { startApiServer, type ApiServer } from '@waxseal/testkit'

const START_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 15_000
const POLL_MS = 50

export interface DemoCluster {
  readonly api: ApiServer
  /** Of the controller's HTTP routes. */
  readonly controllerUrl: string
  /** Ends both. @returns the controller's exit status */
  stop(): Promise<number | null>
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}

export interface ClusterParts {
  /** Path of the controller's program. */
  readonly controller: string
  /** The SealedSecret definition. */
  readonly crd: object
}

/** @param folder - for the controller's service account */
export async function startCluster({ controller, crd }: ClusterParts, folder: string): Promise<DemoCluster> {
  const api = await startApiServer({ crds: [crd] })
  let child: ChildProcess | undefined
  try {
    const account = join(folder, 'service-account')
    const env = { ...api.inClusterEnv(account), WAXSEAL_SERVICE_ACCOUNT_FOLDER: account, PATH: process.env['PATH'] ?? '' }
    const [port, metricsPort] = [await freePort(), await freePort()]
    const log: string[] = []
    child = spawn(process.execPath, [controller, '--listen-addr', `127.0.0.1:${port}`, '--listen-metrics-addr', `127.0.0.1:${metricsPort}`], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text: string) => log.push(text))
    const ended = new Promise<number | null>((resolve) => child?.on('close', resolve))
    const controllerUrl = `http://127.0.0.1:${port}`
    const lastLine = (): string => log.join('').trim().split('\n').at(-1) ?? ''
    await until('the controller is ready', START_TIMEOUT_MS, async () => {
      if (child?.exitCode !== null) throw new CodedError('DEMO_FAILED', `the controller ended: ${lastLine()}`)
      const answer = await fetch(`${controllerUrl}/readyz`).catch(() => undefined)
      return answer?.ok === true
    })
    return {
      api,
      controllerUrl,
      async stop() {
        child?.kill('SIGTERM')
        const status = await Promise.race([ended, delay(STOP_TIMEOUT_MS, undefined, { ref: false }).then(() => null)])
        if (status === null) child?.kill('SIGKILL')
        await api.close()
        return status
      },
    }
  } catch (error) {
    child?.kill('SIGKILL')
    await api.close()
    throw error
  }
}

/** Asks until it holds. @throws CodedError DEMO_FAILED */
export async function until(what: string, timeoutMs: number, holds: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!(await holds())) {
    if (performance.now() > deadline) throw new CodedError('DEMO_FAILED', `${what}: not within ${timeoutMs / 1000} s`)
    await delay(POLL_MS)
  }
}
