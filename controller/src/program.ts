/**
 * The program around the controller: flags, logger, connection, HTTP servers, signals, exit status.
 * @module
 */
import { CodedError } from '@waxseal/core'
import { createRateLimiter, createTransport, inClusterConnection, KubeClient, systemClock } from '@waxseal/kube'
import { check, findingLines } from './check.ts'
import { Controller } from './controller.ts'
import { parseFlags, usage, type ParsedFlags, type Settings } from './flags.ts'
import { createHandler, serve, type Handler, type Serving } from './http.ts'
import { createLog, describe, type Log } from './log.ts'
import { GcraLimiter } from './rate-limit.ts'
import { Renderer } from './renderer.ts'
import { createGate, type Gate } from './token-gate.ts'
import { VERSION } from './version.ts'

/** As Go's programs end: 2 after a bad flag and after a failure to start. */
const EXIT_FAILED = 2
const EXIT_FOUND = 1
const CHECK_MS = 60_000
const MAX_PREFIX_CHARS = 245

type Environment = Readonly<Record<string, string | undefined>>

export interface ProgramOptions {
  readonly args: readonly string[]
  readonly env: Environment
  /** Who wants to know of SIGUSR1. */
  readonly renewals: { wake: () => void }
}

/** @returns the exit status */
export async function main({ args, env, renewals }: ProgramOptions): Promise<number> {
  let parsed: ParsedFlags
  try {
    parsed = parseFlags(args, env)
  } catch (error) {
    process.stderr.write(`${describe(error)}\n${usage()}`)
    return EXIT_FAILED
  }
  const { settings, help, notices, isCheck } = parsed
  if (help) {
    process.stderr.write(usage())
    return 0
  }
  if (settings.version) {
    process.stdout.write(`controller version: ${VERSION}\n`)
    return 0
  }
  const log = createLog({
    level: isCheck ? 'WARN' : settings['log-level'], // its findings stand alone
    format: settings['log-format'],
    infoToStdout: settings['log-info-stdout'],
    stdout: (line) => process.stdout.write(line),
    stderr: (line) => process.stderr.write(line),
  })
  for (const notice of notices) log.warn(notice)
  try {
    if (isCheck) return await checkCluster(settings, env, log)
    await runUntilSignal(settings, env, log, renewals)
    return 0
  } catch (error) {
    log.error('Cannot start', { error: describe(error), hint: error instanceof CodedError ? error.hint : undefined })
    return EXIT_FAILED
  }
}

async function runUntilSignal(settings: Settings, env: Environment, log: Log, renewals: ProgramOptions['renewals']): Promise<void> {
  log.info('Starting sealed-secrets controller', { version: VERSION })
  checkPrefix(settings['key-prefix'])
  const { client, namespace } = connect(settings, env)
  const controller = new Controller({ client, namespace, settings, version: VERSION, log, render: new Renderer().render })
  const servers = await startServers(controller, createGate(settings['http-access'], client, log), settings, log)
  renewals.wake = () => void controller.renewNow()
  try {
    await controller.run(stopSignal(log))
  } finally {
    await Promise.all(servers.map((server) => server.drain()))
  }
  log.info('Stopped')
}

/** @returns 0 unless something is wrong */
async function checkCluster(settings: Settings, env: Environment, log: Log): Promise<number> {
  const findings = await check({ ...connect(settings, env), settings, log, signal: AbortSignal.timeout(CHECK_MS) })
  process.stdout.write(findingLines(findings))
  return findings.some(({ level }) => level === 'error') ? EXIT_FOUND : 0
}

/** @throws CodedError KUBE_CONFIG_INVALID */
function connect(settings: Settings, env: Environment): { readonly client: KubeClient; readonly namespace: string } {
  const folder = env['WAXSEAL_SERVICE_ACCOUNT_FOLDER']
  const connection = inClusterConnection({ env, ...(folder ? { folder } : {}) })
  const { 'kubeclient-qps': qps, 'kubeclient-burst': burst } = settings
  const client = new KubeClient({
    transport: createTransport(connection),
    limiter: qps !== undefined && qps > 0 ? createRateLimiter(qps, Math.max(1, burst), systemClock) : undefined,
  })
  return { client, namespace: env['POD_NAMESPACE'] || connection.namespace || 'default' }
}

function checkPrefix(prefix: string): void {
  if (prefix.length > MAX_PREFIX_CHARS) throw new CodedError('USAGE', `maximum number of characters for --key-prefix is ${MAX_PREFIX_CHARS}`)
  if (!/^[a-z0-9-]*$/.test(prefix)) throw new CodedError('USAGE', 'invalid character in --key-prefix: only a-z, 0-9 and - are allowed')
}

async function startServers(controller: Controller, gate: Gate, settings: Settings, log: Log): Promise<readonly Serving[]> {
  const { keyring, metrics } = controller
  const limiter = new GcraLimiter(settings['rate-limit'], settings['rate-limit-burst'], () => systemClock.now())
  const api = createHandler({
    keyring,
    limiter,
    gate,
    isReady: () => controller.ready,
    onRequest: (path, method, code, seconds) => metrics.countHttp(path, method, code, seconds),
  })
  const scrape: Handler = async ({ url }) =>
    url?.split('?', 1)[0] === '/metrics'
      ? { code: 200, body: await metrics.registry.metrics(), headers: { 'Content-Type': metrics.registry.contentType } }
      : { code: 404, body: '404 page not found\n', headers: { 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff' } }
  const common = { readTimeoutMs: settings['read-timeout'], writeTimeoutMs: settings['write-timeout'], log }
  const http = await serve({ ...common, address: settings['listen-addr'], handler: api })
  log.info('HTTP server serving', { addr: http.address })
  try {
    const scraped = await serve({ ...common, address: settings['listen-metrics-addr'], handler: scrape })
    log.info('HTTP metrics server serving', { addr: scraped.address })
    return [http, scraped]
  } catch (error) {
    await http.drain() // an open server would keep the process
    throw error
  }
}

/** Aborts at SIGTERM and SIGINT; a second one ends the program at once. */
function stopSignal(log: Log): AbortSignal {
  const stop = new AbortController()
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.once(name, () => {
      log.info('Stopping', { signal: name })
      stop.abort()
      process.once(name, () => process.exit(EXIT_FAILED))
    })
  }
  return stop.signal
}
